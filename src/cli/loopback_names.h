// A name server that knows one name, which is loopback: for origins of ours on this host. Pure.
#pragma once

#include <string>
#include <string_view>

namespace glovebox::cli {

struct NameAnswer {
  std::string asked;  // the name, as codec/dns_message.h spells it; empty: it was no query
  std::string bytes;  // to send; empty: nothing is answered
};
// 127.0.0.1 for `name`, which has no IPv6 address; every other name does not exist.
NameAnswer answer_as_loopback(std::string_view query, std::string_view name);

}  // namespace glovebox::cli
