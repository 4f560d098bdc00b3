#include "policy/host_match.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace glovebox::policy {

namespace {

using codec::Cidr;
using codec::Host;
using codec::HostName;
using codec::IpAddress;

constexpr std::array<std::string_view, 16> kPrivateBlocks = {
    "0.0.0.0/8",      "10.0.0.0/8",    "100.64.0.0/10", "127.0.0.0/8",
    "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",  "192.168.0.0/16",
    "198.18.0.0/15",  "224.0.0.0/4",   "240.0.0.0/4",   "::/128",
    "::1/128",        "fc00::/7",      "fe80::/10",     "ff00::/8"};

const std::vector<Cidr>& private_blocks() {
  static const std::vector<Cidr> blocks = [] {
    std::vector<Cidr> parsed;
    for (const std::string_view text : kPrivateBlocks) parsed.push_back(Cidr::parse(text).value());
    return parsed;
  }();
  return blocks;
}

// Where an IPv4 address stands inside an IPv6 one: how many bytes before it.
struct Embedding {
  std::array<std::uint8_t, 12> before;
  std::size_t length;
};
constexpr std::array<Embedding, 4> kEmbeddings = {{
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 12},  // mapped
    {{}, 12},                                          // compatible
    {{0x00, 0x64, 0xff, 0x9b}, 12},                    // NAT64
    {{0x20, 0x02}, 2},                                 // 6to4
}};

void add_embedded(const Cidr& block, std::vector<Cidr>& blocks) {
  for (const Embedding& embedding : kEmbeddings) {
    std::array<std::uint8_t, 16> bytes{};
    std::ranges::copy(std::span(embedding.before).first(embedding.length), bytes.begin());
    std::ranges::copy(block.address().bytes(),
                      bytes.begin() + static_cast<std::ptrdiff_t>(embedding.length));
    const auto prefix = static_cast<unsigned>(embedding.length * 8) + block.prefix();
    blocks.push_back(Cidr::of(IpAddress::v6(bytes), prefix).value());
  }
}

IpAddress of_bytes(bool v4, const std::array<std::uint8_t, 16>& bytes) {
  if (!v4) return IpAddress::v6(bytes);
  return IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]});
}

// The address behind the last one of the block; nullopt if there is none.
std::optional<IpAddress> behind(const Cidr& block) {
  std::array<std::uint8_t, 16> bytes{};
  std::ranges::copy(block.address().bytes(), bytes.begin());
  const unsigned bits = block.address().bits();
  for (unsigned bit = block.prefix(); bit < bits; ++bit)
    bytes.at(bit / 8) |= static_cast<std::uint8_t>(0x80u >> (bit % 8));
  for (unsigned i = bits / 8; i-- > 0;)
    if (++bytes.at(i) != 0) return of_bytes(block.address().is_v4(), bytes);
  return std::nullopt;
}

// An address of the block that lies in no smaller one of the list.
std::optional<IpAddress> address_of(const Cidr& block, std::span<const Cidr> blocks) {
  std::optional<IpAddress> address = block.address();
  while (address && block.contains(*address)) {
    const auto inner = std::ranges::find_if(blocks, [&](const Cidr& other) {
      return other.prefix() > block.prefix() && other.contains(*address);
    });
    if (inner == blocks.end()) return address;
    address = behind(*inner);
  }
  return std::nullopt;
}

void add_addresses(std::span<const EgressTarget> targets, std::vector<Host>& hosts) {
  std::set<Cidr> seen;
  bool v6 = false;
  for (const EgressTarget& target : targets)
    if (const Cidr* block = std::get_if<Cidr>(&target)) {
      seen.insert(*block);
      v6 = v6 || block->address().is_v6();
    }
  if (seen.empty()) return;
  std::vector<Cidr> blocks(seen.begin(), seen.end());
  blocks.insert(blocks.end(), private_blocks().begin(), private_blocks().end());
  if (v6)
    for (const Cidr& block : std::vector(blocks))
      if (block.address().is_v4()) add_embedded(block, blocks);
  std::ranges::sort(blocks);
  blocks.erase(std::ranges::unique(blocks).begin(), blocks.end());
  // Smaller blocks first, so that a step over one is a step over the largest that fits last.
  for (const Cidr& block : blocks) {
    const auto address = address_of(block, blocks);
    if (!address) continue;
    const bool named =
        std::ranges::any_of(seen, [&](const Cidr& s) { return s.contains(*address); });
    if (named) hosts.emplace_back(*address);
  }
}

std::optional<HostName> fresh_name(const std::set<std::string>& names, const std::string& suffix) {
  for (const std::string_view label : {"any", "other", "x", "y", "z"}) {
    const std::string name = std::string(label) + "." + suffix;
    if (names.contains(name)) continue;
    if (auto parsed = HostName::parse(name)) return *std::move(parsed);
  }
  for (int i = 0; i < 1'000'000; ++i) {
    const std::string name = "n" + std::to_string(i) + "." + suffix;
    if (names.contains(name)) continue;
    auto parsed = HostName::parse(name);
    return parsed ? std::optional(*std::move(parsed)) : std::nullopt;
  }
  return std::nullopt;
}

void add_names(std::span<const EgressTarget> targets, std::vector<Host>& hosts) {
  std::set<std::string> names;
  for (const EgressTarget& target : targets)
    if (const HostPattern* pattern = std::get_if<HostPattern>(&target)) names.insert(pattern->name);
  for (const std::string& name : names) {
    // A name below: the same answers as any other of which this is the longest suffix.
    if (auto below = fresh_name(names, name)) hosts.emplace_back(*std::move(below));
    if (auto whole = HostName::parse(name)) hosts.emplace_back(*std::move(whole));
  }
}

}  // namespace

bool matches(const HostPattern& pattern, std::string_view name) {
  if (!pattern.below) return name == pattern.name;
  return name.size() > pattern.name.size() + 1 && name.ends_with(pattern.name) &&
         name[name.size() - pattern.name.size() - 1] == '.';
}

bool matches(const EgressTarget& target, const Host& host) {
  if (const HostPattern* pattern = std::get_if<HostPattern>(&target)) {
    const HostName* name = std::get_if<HostName>(&host);
    return name != nullptr && matches(*pattern, name->str());
  }
  const IpAddress* address = std::get_if<IpAddress>(&host);
  return address != nullptr && std::get<Cidr>(target).contains(*address);
}

bool denies(const EgressTarget& target, const Host& host) {
  if (matches(target, host)) return true;
  const Cidr* block = std::get_if<Cidr>(&target);
  const IpAddress* address = std::get_if<IpAddress>(&host);
  if (block == nullptr || address == nullptr) return false;
  const auto inner = address->embedded_v4();
  return inner && block->contains(*inner);
}

bool is_private(const IpAddress& address) {
  const auto inside = [](const IpAddress& a) {
    return std::ranges::any_of(private_blocks(),
                               [&](const Cidr& block) { return block.contains(a); });
  };
  const auto inner = address.embedded_v4();
  return inside(address) || (inner && inside(*inner));
}

bool is_private(const Cidr& block) {
  if (block.prefix() == block.address().bits()) return is_private(block.address());
  return block.address().embedded_v4() ||
         std::ranges::any_of(private_blocks(), [&](const Cidr& known) {
           return known.contains(block) || block.contains(known);
         });
}

std::vector<Host> host_classes(std::span<const EgressTarget> targets) {
  std::vector<Host> hosts;
  add_names(targets, hosts);
  add_addresses(targets, hosts);
  return hosts;
}

std::string target_text(const EgressTarget& target) {
  if (const HostPattern* pattern = std::get_if<HostPattern>(&target))
    return (pattern->below ? "*." : "") + pattern->name;
  return std::get<Cidr>(target).to_string();
}

}  // namespace glovebox::policy
