#include <catch2/catch_test_macros.hpp>
#include <set>

#include "codec/dns_message.h"
#include "egress/dns_responder.h"
#include "egress/name_table.h"
#include "policy/policy.h"

namespace glovebox::egress {
namespace {

codec::HostName host(std::string_view text) {
  return codec::HostName::parse(text).value();
}

TEST_CASE("a name keeps its addresses, and an address tells its name") {
  NameTable names;
  const auto a = names.addresses_of(host("a.test")).value();
  CHECK(a.v4.to_string() == "198.18.0.2");
  CHECK(a.v6.to_string().starts_with("fd67:"));
  CHECK(names.addresses_of(host("a.test")).value().v4 == a.v4);
  CHECK(names.name_of(a.v4)->str() == "a.test");
  CHECK(names.name_of(a.v6)->str() == "a.test");
  const auto none = [&](std::string_view text) {
    const auto address = codec::IpAddress::parse(text).value();
    INFO(text);
    CHECK(names.name_of(address) == nullptr);
    return NameTable::is_made_up(address);
  };
  CHECK(none("198.18.0.1"));
  CHECK(none("198.18.0.0"));
  CHECK(none("198.18.0.3"));
  CHECK(none("198.19.255.255"));
  CHECK_FALSE(none("198.17.255.255"));
  CHECK_FALSE(none("198.20.0.2"));
  CHECK_FALSE(none("8.8.8.8"));
  CHECK(none("fd67:6c6f:7665:0:1::2"));
  CHECK(none("fd67:6c6f:7665:0:ffff:ffff:ffff:ffff"));
  CHECK_FALSE(none("fd67:6c6f:7665:1::2"));
}

TEST_CASE("ten thousand names have ten thousand addresses; too many are refused") {
  NameTable names;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < NameTable::kMostNames; ++i) {
    const auto both = names.addresses_of(host("n" + std::to_string(i) + ".test"));
    REQUIRE(both);
    seen.insert(both->v4.to_string());
    seen.insert(both->v6.to_string());
    if (i % 1000 == 0) CHECK(names.name_of(both->v4)->str() == "n" + std::to_string(i) + ".test");
  }
  CHECK(seen.size() == 2 * NameTable::kMostNames);
  const auto more = names.addresses_of(host("more.test"));
  REQUIRE_FALSE(more);
  CHECK(more.error().kind() == ErrorKind::limit);
  CHECK(names.addresses_of(host("n7.test")));
}

std::string query(std::string_view name, std::uint16_t type) {
  std::string bytes("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);
  while (!name.empty()) {
    const auto label = name.substr(0, name.find('.'));
    bytes += static_cast<char>(label.size());
    bytes += label;
    name.remove_prefix(std::min(label.size() + 1, name.size()));
  }
  bytes += '\0';
  bytes += static_cast<char>(type >> 8);
  bytes += static_cast<char>(type);
  return bytes + std::string("\0\1", 2);
}

int code_of(std::string_view answer) {
  return answer.size() < 12 ? -1 : answer[3] & 15;
}
int records_of(std::string_view answer) {
  return answer[7];
}

EgressRules some_rules() {
  policy::Profile profile;
  profile.name = "p";
  policy::EgressRule rule;
  rule.target = policy::HostPattern{"a.test", true};
  rule.ports = {443, 443};
  rule.whole_host = true;
  rule.origin = {"p.toml", 7, 1, 1};
  profile.egress.push_back(rule);
  return EgressRules(profile, std::nullopt);
}

TEST_CASE("what a box is told of names") {
  const EgressRules rules = some_rules();
  NameTable names;
  struct Row {
    std::string_view title, name;
    std::uint16_t type;
    int code, records;
    std::string_view recorded;
  };
  constexpr std::uint16_t kA = 1, kTxt = 16, kAaaa = 28, kMx = 15, kHttps = 65, kAny = 255,
                          kPtr = 12;
  constexpr Row kRows[] = {
      {"another name", "b.test", kA, 3, 0, "no egress rule names"},
      {"data in labels", "mfrggzdfmztwq2lknnwg23tpobyxe43uov3ho6dzpi.evil.test", kA, 3, 0,
       "no egress"},
      {"its TXT", "b.test", kTxt, 3, 0, "no egress rule names"},
      {"the suffix itself", "a.test", kA, 3, 0, "no egress rule names"},
      {"another suffix", "xa.test", kA, 3, 0, "no egress rule names"},
      {"a suffix of it", "www.a.test.evil", kA, 3, 0, "no egress rule names"},
      {"a number", "1.2", kA, 3, 0, "not a host name"},
      {"an underscore", "_x.a.test", kA, 3, 0, "not a host name"},
      {"TXT of an allowed name", "www.a.test", kTxt, 5, 0, "TXT is not answered"},
      {"ANY of an allowed name", "www.a.test", kAny, 5, 0, "ANY is not answered"},
      {"an allowed name", "www.a.test", kA, 0, 1, ""},
      {"in capitals", "WwW.A.TeSt", kA, 0, 1, ""},
      {"its IPv6 address", "www.a.test", kAaaa, 0, 1, ""},
      {"its keys", "www.a.test", kHttps, 0, 0, ""},
      {"its mail", "www.a.test", kMx, 0, 0, ""},
      {"loopback", "localhost", kA, 0, 1, ""},
      {"below loopback", "x.localhost", kAaaa, 0, 1, ""},
      {"an address's name", "2.0.18.198.in-addr.arpa", kPtr, 3, 0, "no egress rule"},
  };
  for (const Row& row : kRows) {
    INFO(row.title);
    const DnsReply reply = answer_dns(query(row.name, row.type), names, rules);
    CHECK(code_of(reply.bytes) == row.code);
    CHECK(records_of(reply.bytes) == row.records);
    CHECK(reply.refused.has_value() == !row.recorded.empty());
    if (reply.refused) CHECK(reply.refused->why.contains(row.recorded));
  }
  CHECK(names.size() == 1);  // nothing is kept of what is refused
}

TEST_CASE("queries that break the form are answered, or not, and are on record") {
  const EgressRules rules = some_rules();
  NameTable names;
  CHECK(answer_dns("", names, rules).bytes.empty());
  CHECK(answer_dns("", names, rules).refused);
  std::string two = query("www.a.test", 1);
  two[5] = 2;
  const DnsReply reply = answer_dns(two, names, rules);
  CHECK(code_of(reply.bytes) == 1);
  REQUIRE(reply.refused);
  CHECK(reply.refused->why.contains("breaks the form"));
  std::string answer = query("www.a.test", 1);
  answer[2] = static_cast<char>(0x80);
  CHECK(answer_dns(answer, names, rules).bytes.empty());
}

TEST_CASE("a network that has asked for too many names is told so") {
  const EgressRules rules = some_rules();
  NameTable names;
  for (std::size_t i = 0; i < NameTable::kMostNames; ++i)
    REQUIRE(names.addresses_of(host("n" + std::to_string(i) + ".a.test")));
  const DnsReply reply = answer_dns(query("one.more.a.test", 1), names, rules);
  CHECK(code_of(reply.bytes) == 2);
  REQUIRE(reply.refused);
  CHECK(reply.refused->why.contains("too many names"));
}

}  // namespace
}  // namespace glovebox::egress
