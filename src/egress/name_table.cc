#include "egress/name_table.h"

#include <algorithm>
#include <array>

namespace glovebox::egress {

namespace {

// After the block's own address and the one of /etc/resolv.conf in boxes.
constexpr std::uint32_t kFirst = 2;
constexpr std::array<std::uint8_t, 8> kPrefix6 = {0xfd, 'g', 'l', 'o', 'v', 'e', 0, 0};

codec::IpAddress v4_of(std::uint32_t number) {
  const std::uint32_t host = number + kFirst;
  return codec::IpAddress::v4({198, static_cast<std::uint8_t>(18 + (host >> 16)),
                               static_cast<std::uint8_t>(host >> 8),
                               static_cast<std::uint8_t>(host)});
}

codec::IpAddress v6_of(std::uint32_t number) {
  const std::uint32_t host = number + kFirst;
  std::array<std::uint8_t, 16> bytes{};
  std::ranges::copy(kPrefix6, bytes.begin());
  for (std::size_t i = 0; i < 4; ++i) bytes[15 - i] = static_cast<std::uint8_t>(host >> (8 * i));
  return codec::IpAddress::v6(bytes);
}

// Nothing: not of the blocks.
std::optional<std::uint32_t> host_part(const codec::IpAddress& address) {
  const auto bytes = address.bytes();
  if (address.is_v4()) {
    if (bytes[0] != 198 || (bytes[1] & 0xfe) != 18) return std::nullopt;
    return (std::uint32_t{bytes[1]} - 18) << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
  }
  if (!std::ranges::equal(bytes.first(kPrefix6.size()), kPrefix6)) return std::nullopt;
  std::uint64_t host = 0;
  for (const std::uint8_t byte : bytes.subspan(kPrefix6.size())) host = host << 8 | byte;
  // Beyond every number that is given.
  return host > UINT32_MAX ? UINT32_MAX : static_cast<std::uint32_t>(host);
}

}  // namespace

Result<NameTable::Addresses> NameTable::addresses_of(const codec::HostName& name) {
  auto known = numbers_.find(name.str());
  if (known == numbers_.end()) {
    if (names_.size() >= kMostNames)
      return Error(ErrorKind::limit, "too many names were asked for in this network");
    known = numbers_.emplace(name.str(), static_cast<std::uint32_t>(names_.size())).first;
    names_.push_back(name);
  }
  return Addresses{v4_of(known->second), v6_of(known->second)};
}

const codec::HostName* NameTable::name_of(const codec::IpAddress& address) const {
  const auto host = host_part(address);
  if (!host || *host < kFirst || *host - kFirst >= names_.size()) return nullptr;
  return &names_[*host - kFirst];
}

bool NameTable::is_made_up(const codec::IpAddress& address) {
  return host_part(address).has_value();
}

}  // namespace glovebox::egress
