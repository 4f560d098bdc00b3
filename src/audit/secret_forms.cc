#include "audit/secret_forms.h"

#include <algorithm>
#include <string>
#include <utility>

#include "codec/base64.h"

namespace glovebox::audit {

namespace {

constexpr std::string_view kLower = "0123456789abcdef";
constexpr std::string_view kUpper = "0123456789ABCDEF";

void append_hex(WipedBytes& out, char byte, std::string_view digits) {
  const auto value = static_cast<unsigned char>(byte);
  out.push_back(digits[value >> 4]);
  out.push_back(digits[value & 15]);
}

void append(WipedBytes& out, std::string_view text) {
  out.insert(out.end(), text.begin(), text.end());
}

WipedBytes in_hex(std::string_view secret, std::string_view digits) {
  WipedBytes out;
  for (const char c : secret) append_hex(out, c, digits);
  return out;
}

bool is_unreserved(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

template <class Stays>
WipedBytes percent_encoded(std::string_view secret, std::string_view digits, Stays stays) {
  WipedBytes out;
  for (const char c : secret) {
    if (stays(c)) {
      out.push_back(c);
    } else {
      out.push_back('%');
      append_hex(out, c, digits);
    }
  }
  return out;
}

// The characters that depend on `secret` alone when `before` (0 to 2) other bytes stand before it
// in its group of three.
WipedBytes base64_core(std::string_view secret, std::size_t before) {
  std::string padded(before, '\0');
  padded.reserve(before + secret.size());
  padded += secret;
  std::string text = codec::base64_encode(padded);
  const std::size_t begin = (before * 8 + 5) / 6;
  const std::size_t end = padded.size() * 8 / 6;
  WipedBytes core;
  append(core, std::string_view(text).substr(begin, end - begin));
  zero_memory(padded.data(), padded.size());
  zero_memory(text.data(), text.size());
  return core;
}

WipedBytes in_url_alphabet(WipedBytes text) {
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

WipedBytes in_json(std::string_view secret, std::string_view slash) {
  WipedBytes out;
  for (const char c : secret) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '/') {
      append(out, slash);
    } else if (static_cast<unsigned char>(c) >= 0x20) {
      out.push_back(c);
    } else if (const auto at = std::string_view("\b\f\n\r\t").find(c);
               at != std::string_view::npos) {
      out.push_back('\\');
      out.push_back("bfnrt"[at]);
    } else {
      append(out, "\\u00");
      append_hex(out, c, kLower);
    }
  }
  return out;
}

}  // namespace

std::vector<WipedBytes> secret_forms(std::string_view secret) {
  std::vector<WipedBytes> forms;
  const auto add = [&forms](WipedBytes form) {
    if (!std::ranges::contains(forms, form)) forms.push_back(std::move(form));
  };
  add(WipedBytes(secret.begin(), secret.end()));
  for (std::size_t before = 0; before < 3; ++before) {
    add(base64_core(secret, before));
    add(in_url_alphabet(base64_core(secret, before)));
  }
  const auto or_one_of = [](std::string_view more) {
    return [more](char c) { return is_unreserved(c) || more.contains(c); };
  };
  for (const std::string_view digits : {kLower, kUpper}) {
    add(in_hex(secret, digits));
    add(percent_encoded(secret, digits, or_one_of("")));
    add(percent_encoded(secret, digits, or_one_of("!'()*")));
    add(percent_encoded(secret, digits, or_one_of("!$&'()*+,;=:@/")));
    add(percent_encoded(secret, digits, [](char) { return false; }));
  }
  add(in_json(secret, "/"));
  add(in_json(secret, "\\/"));
  return forms;
}

}  // namespace glovebox::audit
