#include "codec/uuid.h"

#include <algorithm>
#include <array>
#include <span>

#include "codec/hex.h"

namespace glovebox::codec {

namespace {

constexpr std::array<std::size_t, 4> kHyphens = {8, 13, 18, 23};

}  // namespace

std::string uuid4(Random& random) {
  std::string bytes(16, '\0');
  random.fill(std::as_writable_bytes(std::span(bytes)));
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x40);  // version 4
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);  // variant of RFC 9562
  std::string text = hex_encode(bytes);
  for (const std::size_t at : kHyphens) text.insert(at, 1, '-');
  return text;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (std::ranges::contains(kHyphens, i) ? text[i] != '-' : hex_digit(text[i]) < 0) return false;
  }
  return true;
}

}  // namespace glovebox::codec
