#include "audit/mask.h"

#include <algorithm>
#include <format>
#include <utility>

#include "base/clock.h"

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

// What the search is keyed with has no reason to come twice.
SecretFinder make_finder() {
  SystemRandom random;
  return SecretFinder(random);
}

}  // namespace

Masker::Masker() : finder_(make_finder()) {}

Result<void> Masker::put(std::string_view key, std::string_view name, std::string_view secret) {
  if (!is_name(name)) return Error(ErrorKind::invalid, "not a name for a secret");
  return finder_.add(key, name, secret);
}

// No key of another caller begins so.
Result<void> Masker::add(std::string_view name, const Secret& secret) {
  return put(std::format("#{}", ++added_), name, secret.reveal());
}

std::string Masker::apply(std::string_view text, std::vector<std::string_view>& found) const {
  const SecretFinder::Found hits = finder_.find(text);
  for (const std::string_view name : hits.names)
    if (!std::ranges::contains(found, name)) found.push_back(name);
  std::string out;
  std::size_t done = 0;
  for (const SecretFinder::Span& span : hits.spans) {
    out += text.substr(done, span.begin - done);
    out += std::format("<masked:{}>", span.name);
    done = span.end;
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
  if (!empty()) walk(members, "", red);
  return red;
}

}  // namespace glovebox::audit
