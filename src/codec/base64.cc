#include "codec/base64.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace glovebox::codec {

namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

using Values = std::array<std::uint8_t, 256>;
constexpr std::uint8_t kNoDigit = 0xFF;

constexpr Values values_of(std::string_view alphabet) {
  Values values{};
  values.fill(kNoDigit);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}

constexpr Values kStandardValues = values_of(kStandard);
constexpr Values kUrlValues = values_of(kUrl);

std::uint32_t byte_at(std::string_view bytes, std::size_t i) {
  return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u;
}

// Without padding.
std::string encode(std::string_view bytes, std::string_view alphabet) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::uint32_t group =
        byte_at(bytes, i) << 16 | byte_at(bytes, i + 1) << 8 | byte_at(bytes, i + 2);
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t digit = 0; digit <= have; ++digit)
      out += alphabet[group >> (18 - 6 * digit) & 63];
  }
  return out;
}

Result<std::string> decode(std::string_view text, const Values& values, Base64Padding padding) {
  std::size_t pads = 0;
  while (pads < 2 && pads < text.size() && text[text.size() - 1 - pads] == '=') ++pads;
  const std::string_view digits = text.substr(0, text.size() - pads);
  const std::size_t wanted_pads = (4 - digits.size() % 4) % 4;
  if (wanted_pads == 3) return Error(ErrorKind::invalid, "base64 of an impossible length");
  const bool padded = pads == wanted_pads;
  const bool bare = pads == 0;
  if (!(padding == Base64Padding::required    ? padded
        : padding == Base64Padding::forbidden ? bare
                                              : padded || bare))
    return Error(ErrorKind::invalid, "base64 with wrong padding");

  std::string out;
  out.reserve(digits.size() / 4 * 3 + 2);
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (const char c : digits) {
    const std::uint32_t value = values[static_cast<unsigned char>(c)];
    if (value == kNoDigit)
      return Error(ErrorKind::invalid, "a character outside the base64 alphabet");
    group = group << 6 | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>(group >> bits & 0xFF);
    }
  }
  if ((group & ((1u << bits) - 1)) != 0)
    return Error(ErrorKind::invalid, "base64 with bits beyond its last byte");
  return out;
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
  std::string out = encode(bytes, kStandard);
  out.append((4 - out.size() % 4) % 4, '=');
  return out;
}

Result<std::string> base64_decode(std::string_view text) {
  return decode(text, kStandardValues, Base64Padding::required);
}

std::string base64url_encode(std::string_view bytes) {
  return encode(bytes, kUrl);
}

Result<std::string> base64url_decode(std::string_view text, Base64Padding padding) {
  return decode(text, kUrlValues, padding);
}

}  // namespace glovebox::codec
