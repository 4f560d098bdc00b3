#include "cli/loopback_names.h"

#include <array>

#include "base/units.h"
#include "codec/cidr.h"
#include "codec/dns_message.h"

namespace glovebox::cli {

NameAnswer answer_as_loopback(std::string_view bytes, std::string_view name) {
  const auto query = codec::parse_dns_query(bytes);
  if (!query)
    return {{},
            query.error().echo ? codec::dns_answer(*query.error().echo, query.error().code)
                               : std::string()};
  if (query->name != name)
    return {query->name, codec::dns_answer(query->echo, codec::DnsCode::name_error)};
  constexpr seconds kTtl{1};
  const std::array loopback = {codec::IpAddress::v4({127, 0, 0, 1})};
  const auto answer = query->type == codec::DnsType::a
                          ? codec::dns_answer(*query, loopback, kTtl)
                          : codec::dns_answer(query->echo, codec::DnsCode::no_error);
  return {query->name, answer.value_or(std::string())};
}

}  // namespace glovebox::cli
