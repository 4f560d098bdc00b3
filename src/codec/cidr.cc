#include "codec/cidr.h"

#include <algorithm>
#include <charconv>
#include <format>

#include "codec/hex.h"

namespace glovebox::codec {

namespace {

constexpr std::size_t kGroups = 8;
using Groups = std::array<std::uint16_t, kGroups>;

// A decimal number without sign, leading zero or white space.
std::optional<unsigned> decimal(std::string_view text, unsigned greatest) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  unsigned value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || value > greatest)
    return std::nullopt;
  return value;
}

std::optional<std::array<std::uint8_t, 4>> parse_v4(std::string_view text) {
  std::array<std::uint8_t, 4> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t dot = i + 1 < bytes.size() ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return std::nullopt;
    const auto value = decimal(text.substr(0, dot), 255);
    if (!value) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(*value);
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return bytes;
}

std::optional<std::uint16_t> parse_group(std::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  unsigned value = 0;
  for (const char c : text) {
    const int digit = hex_digit(c);
    if (digit < 0) return std::nullopt;
    value = value << 4 | static_cast<unsigned>(digit);
  }
  return static_cast<std::uint16_t>(value);
}

// The groups of `text` (no `::` in it) in `out` from `at` on; the new end, or nothing.
std::optional<std::size_t> parse_groups(std::string_view text, Groups& out, std::size_t at) {
  if (text.empty()) return at;
  for (;;) {
    const std::size_t colon = text.find(':');
    const std::string_view part = text.substr(0, colon);
    if (colon == std::string_view::npos && part.contains('.')) {
      const auto quad = parse_v4(part);
      if (!quad || at + 2 > kGroups) return std::nullopt;
      out[at++] = static_cast<std::uint16_t>((*quad)[0] << 8 | (*quad)[1]);
      out[at++] = static_cast<std::uint16_t>((*quad)[2] << 8 | (*quad)[3]);
      return at;
    }
    const auto group = parse_group(part);
    if (!group || at >= kGroups) return std::nullopt;
    out[at++] = *group;
    if (colon == std::string_view::npos) return at;
    text.remove_prefix(colon + 1);
  }
}

std::optional<std::array<std::uint8_t, 16>> parse_v6(std::string_view text) {
  Groups groups{};
  const std::size_t gap = text.find("::");
  const std::string_view left = text.substr(0, gap);
  const auto head = parse_groups(left, groups, 0);
  if (!head) return std::nullopt;
  if (gap == std::string_view::npos) {
    if (*head != kGroups) return std::nullopt;
  } else {
    // A dotted quad can only be the end of the whole address.
    if (left.contains('.')) return std::nullopt;
    Groups tail{};
    const auto count = parse_groups(text.substr(gap + 2), tail, 0);
    if (!count || *head + *count >= kGroups) return std::nullopt;  // `::` stands for ≥ 1 group
    std::copy_n(tail.begin(), *count, groups.end() - static_cast<std::ptrdiff_t>(*count));
  }
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < kGroups; ++i) {
    bytes[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8);
    bytes[2 * i + 1] = static_cast<std::uint8_t>(groups[i] & 0xFF);
  }
  return bytes;
}

std::string v4_text(std::span<const std::uint8_t, 4> b) {
  return std::format("{}.{}.{}.{}", b[0], b[1], b[2], b[3]);
}

// RFC 5952: the first longest run of at least two zero groups becomes `::`.
std::string v6_text(const Groups& groups) {
  std::size_t best = kGroups, best_length = 1;
  for (std::size_t i = 0; i < kGroups; ++i) {
    std::size_t end = i;
    while (end < kGroups && groups[end] == 0) ++end;
    if (end - i > best_length) {
      best = i;
      best_length = end - i;
    }
  }
  std::string out;
  for (std::size_t i = 0; i < kGroups; ++i) {
    if (i == best) {
      out += "::";
      i += best_length - 1;
      continue;
    }
    if (!out.empty() && !out.ends_with(':')) out += ':';
    out += std::format("{:x}", groups[i]);
  }
  return out;
}

bool begins(std::span<const std::uint8_t> bytes, std::initializer_list<std::uint8_t> prefix) {
  return std::ranges::equal(bytes.first(prefix.size()), prefix);
}

}  // namespace

Result<IpAddress> IpAddress::parse(std::string_view text) {
  if (const auto bytes = parse_v4(text)) return v4(*bytes);
  if (const auto bytes = parse_v6(text)) return v6(*bytes);
  return Error(ErrorKind::invalid, "not an IP address in its usual form");
}

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> bytes) {
  IpAddress address;
  std::ranges::copy(bytes, address.bytes_.begin());
  return address;
}

IpAddress IpAddress::v6(std::array<std::uint8_t, 16> bytes) {
  IpAddress address;
  address.v4_ = false;
  address.bytes_ = bytes;
  return address;
}

std::string IpAddress::to_string() const {
  const std::span<const std::uint8_t, 16> all(bytes_);
  if (v4_) return v4_text(all.first<4>());
  if (begins(all, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}))
    return "::ffff:" + v4_text(all.last<4>());
  Groups groups{};
  for (std::size_t i = 0; i < kGroups; ++i)
    groups[i] = static_cast<std::uint16_t>(bytes_[2 * i] << 8 | bytes_[2 * i + 1]);
  return v6_text(groups);
}

bool IpAddress::is_loopback() const {
  if (v4_) return bytes_[0] == 127;
  constexpr std::array<std::uint8_t, 16> kLoopback = {0, 0, 0, 0, 0, 0, 0, 0,
                                                      0, 0, 0, 0, 0, 0, 0, 1};
  if (bytes_ == kLoopback) return true;
  return begins(bytes_, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127});
}

std::optional<IpAddress> IpAddress::embedded_v4() const {
  if (v4_) return std::nullopt;
  const auto at = [&](std::size_t i) {
    return v4({bytes_[i], bytes_[i + 1], bytes_[i + 2], bytes_[i + 3]});
  };
  if (begins(bytes_, {0x20, 0x02})) return at(2);
  if (begins(bytes_, {0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0})) return at(12);
  if (begins(bytes_, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF})) return at(12);
  // IPv4-compatible is everything in ::/96 but `::` and `::1`.
  constexpr std::uint32_t kLastSpecial = 1;
  const std::uint32_t low = static_cast<std::uint32_t>(bytes_[12]) << 24 |
                            static_cast<std::uint32_t>(bytes_[13]) << 16 |
                            static_cast<std::uint32_t>(bytes_[14]) << 8 | bytes_[15];
  if (begins(bytes_, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) && low > kLastSpecial) return at(12);
  return std::nullopt;
}

Result<Cidr> Cidr::of(const IpAddress& address, unsigned prefix) {
  if (prefix > address.bits())
    return Error(ErrorKind::invalid, std::format("prefix longer than {} bits", address.bits()));
  std::array<std::uint8_t, 16> bytes{};
  std::ranges::copy(address.bytes(), bytes.begin());
  for (unsigned bit = prefix; bit < address.bits(); ++bit)
    bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80u >> bit % 8));
  if (address.is_v6()) return Cidr(IpAddress::v6(bytes), prefix);
  return Cidr(IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]}), prefix);
}

Result<Cidr> Cidr::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos)
    return Error(ErrorKind::invalid, "address block without a prefix length");
  const IpAddress address = TRY(IpAddress::parse(text.substr(0, slash)));
  const auto prefix = decimal(text.substr(slash + 1), address.bits());
  if (!prefix) return Error(ErrorKind::invalid, "bad prefix length");
  const Cidr block = TRY(of(address, *prefix));
  if (block.address_ != address)
    return Error(ErrorKind::invalid,
                 std::format("bits set beyond the prefix, meant is {}", block.to_string()));
  return block;
}

bool Cidr::contains(const IpAddress& address) const {
  if (address.is_v4() != address_.is_v4()) return false;
  const auto mine = address_.bytes();
  const auto theirs = address.bytes();
  const std::size_t whole = prefix_ / 8;
  if (!std::ranges::equal(mine.first(whole), theirs.first(whole))) return false;
  if (prefix_ % 8 == 0) return true;
  const unsigned mask = 0xFFu << (8 - prefix_ % 8);
  return ((mine[whole] ^ theirs[whole]) & mask & 0xFFu) == 0;
}

bool Cidr::contains(const Cidr& other) const {
  return other.prefix_ >= prefix_ && contains(other.address_);
}

std::string Cidr::to_string() const {
  return std::format("{}/{}", address_.to_string(), prefix_);
}

}  // namespace glovebox::codec
