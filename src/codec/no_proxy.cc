#include "codec/no_proxy.h"

#include <algorithm>
#include <format>

#include "codec/utf8.h"

namespace glovebox::codec {

namespace {

constexpr std::string_view kSeparators = ", \t\r\n";

struct Pieces {
  std::string_view host;
  std::optional<std::string_view> port;
};

// A bare IPv6 address has no port: its colons are its own.
Pieces split_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {text, std::nullopt};
  const std::string_view head = text.substr(0, colon);
  const bool bracketed = text.starts_with('[');
  if (bracketed ? !head.ends_with(']') : head.contains(':')) return {text, std::nullopt};
  return {head, text.substr(colon + 1)};
}

// Lists in the field say `10.1.2.3/8` and mean the block, so further bits are cleared here.
Result<Cidr> parse_block(std::string_view address, std::string_view prefix) {
  const IpAddress base = TRY(IpAddress::parse(address));
  const Cidr single = TRY(Cidr::of(base, base.bits()));
  if (prefix.empty()) return single;
  for (unsigned bits = 0; bits <= base.bits(); ++bits)
    if (prefix == std::to_string(bits)) return Cidr::of(base, bits);
  return Error(ErrorKind::invalid, "bad prefix length");
}

}  // namespace

Result<NoProxy::Entry> NoProxy::parse_entry(std::string_view text) {
  Pieces pieces = split_port(text);
  std::optional<std::uint16_t> port;
  if (pieces.port) port = TRY(parse_port(*pieces.port));
  if (pieces.host == "*") return Entry{Everything(), port};
  if (const std::size_t slash = pieces.host.find('/'); slash != std::string_view::npos) {
    const std::string_view prefix = pieces.host.substr(slash + 1);
    if (prefix.empty()) return Error(ErrorKind::invalid, "bad prefix length");
    return Entry{TRY(parse_block(pieces.host.substr(0, slash), prefix)), port};
  }
  if (pieces.host.starts_with("*.")) pieces.host.remove_prefix(1);
  if (pieces.host.starts_with('.')) return Entry{TRY(HostName::parse(pieces.host.substr(1))), port};
  const Host host = TRY(parse_host(pieces.host));
  if (const HostName* name = std::get_if<HostName>(&host)) return Entry{*name, port};
  return Entry{TRY(parse_block(to_string(host), "")), port};
}

Result<NoProxy> NoProxy::parse(std::string_view list) {
  NoProxy result;
  for (;;) {
    const std::size_t start = list.find_first_not_of(kSeparators);
    if (start == std::string_view::npos) return result;
    list.remove_prefix(start);
    const std::string_view entry = list.substr(0, list.find_first_of(kSeparators));
    result.entries_.push_back(
        TRY_CONTEXT(parse_entry(entry), std::format("no_proxy entry \"{}\"", visible_text(entry))));
    list.remove_prefix(entry.size());
  }
}

bool NoProxy::covers(const Host& host, std::uint16_t port) const {
  if (is_loopback(host)) return true;
  const HostName* name = std::get_if<HostName>(&host);
  return std::ranges::any_of(entries_, [&](const Entry& entry) {
    if (entry.port && *entry.port != port) return false;
    if (const HostName* suffix = std::get_if<HostName>(&entry.what))
      return name != nullptr && name->is_within(*suffix);
    if (const Cidr* block = std::get_if<Cidr>(&entry.what))
      return name == nullptr && block->contains(std::get<IpAddress>(host));
    return true;
  });
}

}  // namespace glovebox::codec
