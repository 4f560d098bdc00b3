#include "audit/mask.h"

#include <algorithm>
#include <array>
#include <format>
#include <utility>

#include "codec/base64.h"
#include "codec/hex.h"

namespace glovebox::audit {

namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

constexpr std::size_t kMaxNameBytes = 64;

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameBytes && std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           c == '-' || c == '.';
  });
}

std::string in_upper_case(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

std::string percent_encoded(std::string_view bytes, std::string_view digits) {
  std::string out;
  for (const char c : bytes) {
    const bool unreserved = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                            (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_' || c == '~';
    const auto byte = static_cast<unsigned char>(c);
    if (unreserved)
      out += c;
    else
      out.append({'%', digits[byte >> 4], digits[byte & 15]});
  }
  return out;
}

// The base64 characters that depend on `bytes` alone when `before` (0 to 2) other bytes stand
// before them in their group of three.
std::string base64_core(std::string_view bytes, std::size_t before) {
  std::string padded(before, '\0');
  padded += bytes;
  std::string text = codec::base64_encode(padded);
  const std::size_t begin = (before * 8 + 5) / 6;
  const std::size_t end = padded.size() * 8 / 6;
  zero_memory(padded.data(), padded.size());
  std::string core = text.substr(begin, end - begin);
  zero_memory(text.data(), text.size());
  return core;
}

std::string url_alphabet(std::string text) {
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

std::string child(const std::string& pointer, std::string_view key) {
  std::string out = pointer + '/';
  for (const char c : key) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

}  // namespace

void Masker::add_needle(std::string_view name, std::string bytes) {
  const bool known = std::ranges::any_of(
      needles_, [&](const Needle& needle) { return needle.bytes.reveal() == bytes; });
  Secret secret = Secret::take(std::move(bytes));
  if (!known) needles_.push_back({std::string(name), std::move(secret)});
}

Result<void> Masker::add(std::string_view name, const Secret& secret) {
  const std::string_view bytes = secret.reveal();
  if (!is_name(name)) return Error(ErrorKind::invalid, "not a name for a secret");
  if (bytes.size() < kMinSecretBytes)
    return Error(ErrorKind::invalid,
                 std::format("secret {} is shorter than {} bytes", name, kMinSecretBytes));
  if (bytes.size() > kMaxSecretBytes || secrets_ >= kMaxSecrets)
    return Error(ErrorKind::limit, std::format("secret {}: too long, or too many", name));
  ++secrets_;
  add_needle(name, std::string(bytes));
  add_needle(name, codec::hex_encode(bytes));
  add_needle(name, in_upper_case(codec::hex_encode(bytes)));
  add_needle(name, percent_encoded(bytes, "0123456789ABCDEF"));
  add_needle(name, percent_encoded(bytes, "0123456789abcdef"));
  for (std::size_t before = 0; before < 3; ++before) {
    add_needle(name, base64_core(bytes, before));
    add_needle(name, url_alphabet(base64_core(bytes, before)));
  }
  return {};
}

std::string Masker::apply(std::string_view text, std::vector<std::string_view>& found) const {
  struct Hit {
    std::size_t begin, end;
    std::string_view name;
  };
  std::vector<Hit> hits;
  for (const Needle& needle : needles_) {
    const std::string_view bytes = needle.bytes.reveal();
    for (std::size_t at = text.find(bytes); at != text.npos; at = text.find(bytes, at + 1)) {
      // One long run of hits is one hit, or a text of one letter would cost a list of its length.
      if (!hits.empty() && hits.back().name == needle.name && at <= hits.back().end &&
          at >= hits.back().begin)
        hits.back().end = std::max(hits.back().end, at + bytes.size());
      else
        hits.push_back({at, at + bytes.size(), needle.name});
    }
  }
  if (hits.empty()) return std::string(text);
  std::ranges::stable_sort(hits, {}, &Hit::begin);

  std::string out;
  std::size_t done = 0;
  for (std::size_t i = 0; i < hits.size();) {
    // Hits that overlap are hidden as a whole: the rest of the second would still be a secret.
    std::size_t end = hits[i].end;
    std::size_t next = i;
    for (; next < hits.size() && hits[next].begin < end; ++next) {
      end = std::max(end, hits[next].end);
      if (!std::ranges::contains(found, hits[next].name)) found.push_back(hits[next].name);
    }
    out += text.substr(done, hits[i].begin - done);
    out += std::format("<masked:{}>", hits[i].name);
    done = end;
    i = next;
  }
  return out += text.substr(done);
}

std::string Masker::apply_at(std::string_view text, const std::string& pointer,
                             JsonArray& red) const {
  std::vector<std::string_view> found;
  std::string masked = apply(text, found);
  for (const std::string_view name : found) {
    if (red.size() < kMaxMaskedPointers)
      red.push_back(Json::object({{"m", name}, {"p", pointer}}));
    else if (red.size() == kMaxMaskedPointers)
      red.push_back(Json::object({{"m", "..."}, {"p", "..."}}));
  }
  return masked;
}

void Masker::walk(JsonObject& object, const std::string& pointer, JsonArray& red) const {
  JsonObject out;
  for (const JsonObject::Member& member : object) {
    JsonArray in_key;
    std::string key = apply_at(member.key, pointer, in_key);
    while (out.contains(key)) key += "'";  // two secrets may have one name
    Json value = member.value;
    const std::string here = child(pointer, key);
    if (!in_key.empty()) apply_at(member.key, here, red);
    walk(value, here, red);
    out.set(std::move(key), std::move(value));
  }
  object = std::move(out);
}

void Masker::walk(Json& value, const std::string& pointer, JsonArray& red) const {
  if (std::string* text = value.as_string()) {
    *text = apply_at(*text, pointer, red);
  } else if (JsonArray* array = value.as_array()) {
    for (std::size_t i = 0; i < array->size(); ++i)
      walk(array->at(i), child(pointer, std::to_string(i)), red);
  } else if (JsonObject* object = value.as_object()) {
    walk(*object, pointer, red);
  }
}

JsonArray Masker::apply(JsonObject& members) const {
  JsonArray red;
  if (!needles_.empty()) walk(members, "", red);
  return red;
}

}  // namespace glovebox::audit
