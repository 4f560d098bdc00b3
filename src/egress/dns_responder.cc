#include "egress/dns_responder.h"

#include <array>
#include <format>
#include <utility>

#include "codec/dns_message.h"
#include "codec/host_name.h"

namespace glovebox::egress {

namespace {

using codec::DnsCode;
using codec::DnsQuery;
using codec::DnsType;

constexpr std::string_view kMode = "dns";

DnsReply refuse(const DnsQuery& query, DnsCode code, std::string rule, std::string why) {
  Refused refused;
  refused.asked = query.name.substr(0, kMostAsked);
  refused.mode = kMode;
  refused.rule = std::move(rule);
  refused.why = std::move(why);
  return {codec::dns_answer(query.echo, code), std::move(refused)};
}

DnsReply with_address(const DnsQuery& query, const NameTable::Addresses& addresses) {
  const std::array<codec::IpAddress, 1> one = {query.type == DnsType::a ? addresses.v4
                                                                        : addresses.v6};
  auto bytes = codec::dns_answer(query, one, kNameTtl);
  return {bytes ? *std::move(bytes) : codec::dns_answer(query.echo, DnsCode::server_failure), {}};
}

NameTable::Addresses loopback() {
  std::array<std::uint8_t, 16> v6{};
  v6[15] = 1;
  return {codec::IpAddress::v4({127, 0, 0, 1}), codec::IpAddress::v6(v6)};
}

DnsReply answer_allowed(const DnsQuery& query, const codec::HostName& name, NameTable& names) {
  switch (query.type) {
    case DnsType::a:
    case DnsType::aaaa: {
      if (name.is_localhost()) return with_address(query, loopback());
      const auto addresses = names.addresses_of(name);
      if (!addresses)
        return refuse(query, DnsCode::server_failure, "", addresses.error().message());
      return with_address(query, *addresses);
    }
    case DnsType::txt:
    case DnsType::any:
      return refuse(query, DnsCode::refused, "",
                    std::format("{} is not answered: names have addresses here, and nothing else",
                                codec::to_string(query.type)));
    default:
      return {codec::dns_answer(query.echo, DnsCode::no_error), {}};
  }
}

}  // namespace

DnsReply answer_dns(std::string_view query, NameTable& names, const EgressRules& rules) {
  const auto parsed = codec::parse_dns_query(query);
  if (!parsed) {
    const codec::DnsRefusal& bad = parsed.error();
    Refused refused;
    refused.mode = kMode;
    refused.why = std::format("a query that breaks the form: {}", codec::to_string(bad.fault));
    return {bad.echo ? codec::dns_answer(*bad.echo, bad.code) : std::string(), std::move(refused)};
  }
  const auto name = codec::HostName::parse(parsed->name);
  if (!name)
    return refuse(*parsed, DnsCode::name_error, "", "not a host name: " + name.error().message());
  if (name->is_localhost()) return answer_allowed(*parsed, *name, names);
  const NetVerdict verdict = rules.judge(policy::ResolveRequest{*name});
  if (!verdict.allowed) return refuse(*parsed, DnsCode::name_error, verdict.place, verdict.words);
  return answer_allowed(*parsed, *name, names);
}

}  // namespace glovebox::egress
