#include "codec/dns_message.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "codec/hex.h"

using namespace glovebox;
using namespace glovebox::codec;

namespace {

std::string u16(unsigned value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}

// `a.test` with its lengths and the root.
std::string wire_name(const std::vector<std::string>& labels) {
  std::string wire;
  for (const std::string& label : labels) wire += static_cast<char>(label.size()) + label;
  return wire + '\0';
}

struct Counts {
  unsigned questions = 1, answers = 0, authorities = 0, additional = 0;
};
constexpr unsigned kDesired = 0x0100;

std::string head(unsigned bits = kDesired, Counts counts = {}) {
  return u16(0x1234) + u16(bits) + u16(counts.questions) + u16(counts.answers) +
         u16(counts.authorities) + u16(counts.additional);
}

std::string question(const std::vector<std::string>& labels, unsigned type = 1,
                     unsigned in_class = 1) {
  return wire_name(labels) + u16(type) + u16(in_class);
}

std::string opt(std::string options = {}, unsigned version = 0, unsigned flags = 0,
                unsigned size = 1232) {
  return std::string(1, '\0') + u16(41) + u16(size) + std::string(1, '\0') +
         static_cast<char>(version) + u16(flags) + u16(static_cast<unsigned>(options.size())) +
         options;
}

const std::vector<std::string> kName = {"a", "test"};
const std::string kQuestion = question(kName);

// The longest name: 255 bytes as sent.
std::vector<std::string> longest_name() {
  return {std::string(63, 'a'), std::string(63, 'b'), std::string(63, 'c'), std::string(61, 'd')};
}

std::string hex(std::string_view bytes) {
  return hex_encode(bytes);
}

}  // namespace

TEST_CASE("what is no query is refused, with the code to answer") {
  enum class Echoes { nothing, no_question, question };
  const Counts with_opt{.additional = 1};
  const std::string longer = kQuestion + opt(std::string(kMaxDnsQuery, 'o'));
  std::vector<std::string> too_long = longest_name();
  too_long.back() += 'd';
  const struct {
    const char* name;
    std::string message;
    DnsFault fault;
    DnsCode code;
    Echoes echoes;
  } rows[] = {
      {"nothing", "", DnsFault::too_short, DnsCode::format_error, Echoes::nothing},
      {"a head cut off", head().substr(0, 11), DnsFault::too_short, DnsCode::format_error,
       Echoes::nothing},
      {"an answer", head(0x8180) + kQuestion, DnsFault::not_a_query, DnsCode::format_error,
       Echoes::nothing},
      {"too long", head(kDesired, with_opt) + longer, DnsFault::too_long, DnsCode::format_error,
       Echoes::no_question},
      {"inverse query", head(0x0800) + kQuestion, DnsFault::opcode, DnsCode::not_implemented,
       Echoes::no_question},
      {"notify", head(0x2000) + kQuestion, DnsFault::opcode, DnsCode::not_implemented,
       Echoes::no_question},
      {"update", head(0x2800) + kQuestion, DnsFault::opcode, DnsCode::not_implemented,
       Echoes::no_question},
      {"authoritative", head(0x0400) + kQuestion, DnsFault::flags, DnsCode::format_error,
       Echoes::no_question},
      {"truncated", head(0x0300) + kQuestion, DnsFault::flags, DnsCode::format_error,
       Echoes::no_question},
      {"recursion available", head(0x0180) + kQuestion, DnsFault::flags, DnsCode::format_error,
       Echoes::no_question},
      {"reserved", head(0x0140) + kQuestion, DnsFault::flags, DnsCode::format_error,
       Echoes::no_question},
      {"a code", head(0x0103) + kQuestion, DnsFault::flags, DnsCode::format_error,
       Echoes::no_question},
      {"no question", head(kDesired, {.questions = 0}), DnsFault::question_count,
       DnsCode::format_error, Echoes::no_question},
      {"two questions", head(kDesired, {.questions = 2}) + kQuestion + kQuestion,
       DnsFault::question_count, DnsCode::format_error, Echoes::no_question},
      {"an answer record", head(kDesired, {.answers = 1}) + kQuestion + opt(),
       DnsFault::record_in_query, DnsCode::format_error, Echoes::no_question},
      {"an authority record", head(kDesired, {.authorities = 1}) + kQuestion + opt(),
       DnsFault::record_in_query, DnsCode::format_error, Echoes::no_question},
      {"two additional records", head(kDesired, {.additional = 2}) + kQuestion + opt() + opt(),
       DnsFault::record_in_query, DnsCode::format_error, Echoes::no_question},
      {"no name", head(), DnsFault::cut_off, DnsCode::format_error, Echoes::no_question},
      {"a label cut off", head() + "\5abc", DnsFault::cut_off, DnsCode::format_error,
       Echoes::no_question},
      {"a name without end", head() + "\1a", DnsFault::cut_off, DnsCode::format_error,
       Echoes::no_question},
      {"no type", head() + wire_name(kName), DnsFault::cut_off, DnsCode::format_error,
       Echoes::no_question},
      {"no class", head() + wire_name(kName) + u16(1) + '\0', DnsFault::cut_off,
       DnsCode::format_error, Echoes::no_question},
      {"a pointer", head() + "\xc0\x0c" + u16(1) + u16(1), DnsFault::compressed_name,
       DnsCode::format_error, Echoes::no_question},
      {"a pointer after a label", head() + "\1a\xc0\x0c" + u16(1) + u16(1),
       DnsFault::compressed_name, DnsCode::format_error, Echoes::no_question},
      {"a label of 64 bytes", head() + '\x40' + std::string(64, 'a') + '\0' + u16(1) + u16(1),
       DnsFault::compressed_name, DnsCode::format_error, Echoes::no_question},
      {"label type 10", head() + '\x81' + std::string(64, 'a'), DnsFault::compressed_name,
       DnsCode::format_error, Echoes::no_question},
      {"a name of 256 bytes", head() + question(too_long), DnsFault::long_name,
       DnsCode::format_error, Echoes::no_question},
      {"class CH", head() + question(kName, 16, 3), DnsFault::not_internet, DnsCode::refused,
       Echoes::question},
      {"class ANY", head() + question(kName, 1, 255), DnsFault::not_internet, DnsCode::refused,
       Echoes::question},
      {"class 0", head() + question(kName, 1, 0), DnsFault::not_internet, DnsCode::refused,
       Echoes::question},
      {"a record that is not there", head(kDesired, with_opt) + kQuestion, DnsFault::cut_off,
       DnsCode::format_error, Echoes::question},
      {"OPT cut off", head(kDesired, with_opt) + kQuestion + opt().substr(0, 10), DnsFault::cut_off,
       DnsCode::format_error, Echoes::question},
      {"OPT options cut off",
       head(kDesired, with_opt) + kQuestion + opt("abcd").substr(0, opt("abcd").size() - 1),
       DnsFault::cut_off, DnsCode::format_error, Echoes::question},
      {"OPT with a name", head(kDesired, with_opt) + kQuestion + "\1a" + opt(), DnsFault::not_opt,
       DnsCode::format_error, Echoes::question},
      {"TSIG", head(kDesired, with_opt) + kQuestion + '\0' + u16(250) + opt().substr(3),
       DnsFault::not_opt, DnsCode::format_error, Echoes::question},
      {"EDNS 1", head(kDesired, with_opt) + kQuestion + opt("", 1), DnsFault::edns_version,
       DnsCode::bad_version, Echoes::question},
      {"a byte after the question", head() + kQuestion + 'x', DnsFault::bytes_after_end,
       DnsCode::format_error, Echoes::question},
      {"a byte after OPT", head(kDesired, with_opt) + kQuestion + opt() + 'x',
       DnsFault::bytes_after_end, DnsCode::format_error, Echoes::question},
      {"an uncounted OPT", head() + kQuestion + opt(), DnsFault::bytes_after_end,
       DnsCode::format_error, Echoes::question},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto got = parse_dns_query(row.message);
      REQUIRE_FALSE(got);
      const DnsRefusal& refusal = got.error();
      INFO(to_string(refusal.fault));
      CHECK(refusal.fault == row.fault);
      CHECK(refusal.code == row.code);
      CHECK(refusal.echo.has_value() == (row.echoes != Echoes::nothing));
      if (!refusal.echo) return;
      CHECK(refusal.echo->question.empty() == (row.echoes == Echoes::no_question));
      // The answer says the same id, and the code.
      const std::string answer = dns_answer(*refusal.echo, refusal.code);
      CHECK(answer.size() <= kMaxDnsAnswer);
      CHECK(answer.substr(0, 2) == u16(0x1234));
      CHECK((answer[3] & 0x0f) == (static_cast<int>(row.code) & 0x0f));
      CHECK(answer.substr(4, 2) == u16(row.echoes == Echoes::question ? 1 : 0));
      CHECK((answer[2] & 0x78) == (row.message[2] & 0x78));
    }
  }
}

TEST_CASE("an unknown EDNS version is answered in both halves of the code") {
  const auto got = parse_dns_query(head(kDesired, {.additional = 1}) + kQuestion + opt("", 7));
  REQUIRE_FALSE(got);
  REQUIRE(got.error().echo);
  CHECK(hex(dns_answer(*got.error().echo, got.error().code)) ==
        "1234"
        "8180"
        "0001000000000001"
        "0161047465737400"
        "00010001"
        "00"
        "0029"
        "0200"
        "01000000"
        "0000");
}

TEST_CASE("DNS queries that are read") {
  const struct {
    const char* name;
    std::vector<std::string> labels;
    std::string text;
    unsigned type;
    std::string type_text;
  } rows[] = {
      {"one label", {"localhost"}, "localhost", 1, "A"},
      {"mixed case", {"wWw", "ExAmPlE", "COM"}, "www.example.com", 28, "AAAA"},
      {"the root", {}, ".", 2, "NS"},
      {"underscores", {"_sip", "_tcp", "a", "test"}, "_sip._tcp.a.test", 33, "SRV"},
      {"the longest", longest_name(),
       std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + "." +
           std::string(61, 'd'),
       65, "HTTPS"},
      {"a dot in a label", {"a.b", "test"}, "a\\.b.test", 64, "SVCB"},
      {"a backslash", {"a\\b"}, "a\\\\b", 16, "TXT"},
      {"bytes that are no text", {std::string("\0 \x7f\xff", 4)}, "\\000\\032\\127\\255", 15, "MX"},
      {"pointer", {"1", "2", "in-addr", "arpa"}, "1.2.in-addr.arpa", 12, "PTR"},
      {"any", {"a"}, "a", 255, "ANY"},
      {"start of authority", {"a"}, "a", 6, "SOA"},
      {"alias", {"a"}, "a", 5, "CNAME"},
      {"another type", {"a"}, "a", 257, "TYPE257"},
      {"transfer", {"a"}, "a", 252, "TYPE252"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const std::string asked = question(row.labels, row.type);
      const auto got = parse_dns_query(head() + asked);
      REQUIRE(got);
      CHECK(got->labels == row.labels);
      CHECK(got->name == row.text);
      CHECK(static_cast<unsigned>(got->type) == row.type);
      CHECK(to_string(got->type) == row.type_text);
      CHECK(got->echo.question == asked);
      CHECK(got->echo.recursion_desired);
      CHECK_FALSE(got->echo.opt);
    }
  }
}

TEST_CASE("what a query says beside its question") {
  SECTION("no flag") {
    const auto got = parse_dns_query(head(0) + kQuestion);
    REQUIRE(got);
    CHECK_FALSE(got->echo.recursion_desired);
    CHECK_FALSE(got->echo.checking_disabled);
    CHECK(hex(dns_answer(got->echo, DnsCode::no_error)).substr(4, 4) == "8080");
  }
  SECTION("AD is left out of the answer, CD is in it") {
    const auto got = parse_dns_query(head(0x0130) + kQuestion);
    REQUIRE(got);
    CHECK(got->echo.checking_disabled);
    CHECK(hex(dns_answer(got->echo, DnsCode::no_error)).substr(4, 4) == "8190");
  }
  SECTION("OPT, its options ignored") {
    const std::string cookie = u16(10) + u16(8) + "12345678";
    const auto got = parse_dns_query(head(kDesired, {.additional = 1}) + kQuestion +
                                     opt(cookie, 0, 0x8000, 4096));
    REQUIRE(got);
    REQUIRE(got->echo.opt);
    CHECK(got->echo.opt->udp_size == 4096);
    CHECK(got->echo.opt->dnssec_ok);
    const std::string answer = hex(dns_answer(got->echo, DnsCode::name_error));
    CHECK(answer == "123481830001000000000001" + hex(kQuestion) + "0000290200000080000000");
  }
}

TEST_CASE("DNS answers") {
  const auto query = [](unsigned type) {
    return parse_dns_query(head() + question({"A", "tEST"}, type)).value();
  };
  const auto v4 = IpAddress::parse("198.18.0.1").value();
  const auto v6 = IpAddress::parse("fd00::1").value();
  SECTION("that are refused") {
    const std::vector<IpAddress> too_many(kMaxDnsAddresses + 1, v4);
    const std::vector<IpAddress> one = {v4}, other = {v6}, mixed = {v4, v6};
    const struct {
      const char* name;
      unsigned type;
      std::vector<IpAddress> addresses;
      seconds ttl;
      ErrorKind kind;
    } rows[] = {
        {"for TXT", 16, one, seconds(1), ErrorKind::invalid},
        {"for ANY", 255, one, seconds(1), ErrorKind::invalid},
        {"AAAA for A", 1, other, seconds(1), ErrorKind::invalid},
        {"A for AAAA", 28, one, seconds(1), ErrorKind::invalid},
        {"both for A", 1, mixed, seconds(1), ErrorKind::invalid},
        {"too many", 1, too_many, seconds(1), ErrorKind::limit},
        {"negative", 1, one, seconds(-1), ErrorKind::invalid},
        {"for ever", 1, one, kMaxDnsTtl + seconds(1), ErrorKind::invalid},
    };
    for (const auto& row : rows) {
      INFO(row.name);
      const auto got = dns_answer(query(row.type), row.addresses, row.ttl);
      REQUIRE_FALSE(got);
      CHECK(got.error().kind() == row.kind);
    }
  }
  SECTION("with addresses") {
    CHECK(hex(dns_answer(query(1), std::vector{v4, v4}, seconds(60)).value()) ==
          "123481800001000200000000"
          "0141047445535400"
          "00010001"
          "c00c000100010000003c0004c6120001"
          "c00c000100010000003c0004c6120001");
    CHECK(hex(dns_answer(query(28), std::vector{v6}, kMaxDnsTtl).value()) ==
          "123481800001000100000000"
          "0141047445535400"
          "001c0001"
          "c00c001c00017fffffff0010fd000000000000000000000000000001");
  }
  SECTION("without") {
    const struct {
      DnsCode code;
      const char* bits;
    } rows[] = {{DnsCode::no_error, "8180"},        {DnsCode::format_error, "8181"},
                {DnsCode::server_failure, "8182"},  {DnsCode::name_error, "8183"},
                {DnsCode::not_implemented, "8184"}, {DnsCode::refused, "8185"}};
    for (const auto& row : rows)
      CHECK(hex(dns_answer(query(1).echo, row.code)) ==
            std::string("1234") + row.bits + "0001000000000000" + "0141047445535400" + "00010001");
    CHECK(dns_answer(query(1), {}, seconds(0)).value() ==
          dns_answer(query(1).echo, DnsCode::no_error));
  }
}

TEST_CASE("the longest answer fits into 512 bytes") {
  const auto query =
      parse_dns_query(head(kDesired, {.additional = 1}) + question(longest_name(), 28) + opt());
  REQUIRE(query);
  const std::vector<IpAddress> addresses(kMaxDnsAddresses, IpAddress::parse("fd00::1").value());
  const auto answer = dns_answer(*query, addresses, seconds(60));
  REQUIRE(answer);
  CHECK(answer->size() == 506);
  CHECK(answer->size() <= kMaxDnsAnswer);
}

TEST_CASE("a query cut short or changed in one bit never reads past its end") {
  const std::string whole =
      head(kDesired, {.additional = 1}) + question({"api", "example", "com"}) + opt("abcdefgh");
  REQUIRE(parse_dns_query(whole));
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK_FALSE(parse_dns_query(whole.substr(0, size)));
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      const auto got = parse_dns_query(changed);
      // Whatever it now says, the answer repeats it and stays within the limit.
      if (got) CHECK(changed.find(got->echo.question) == 12);
      const DnsEcho* echo = got ? &got->echo : got.error().echo ? &*got.error().echo : nullptr;
      if (echo != nullptr) CHECK(dns_answer(*echo, DnsCode::refused).size() <= kMaxDnsAnswer);
    }
}

TEST_CASE("queries over TCP come out whole, however they were split") {
  const std::string first = head() + kQuestion;
  const std::string second = head(kDesired, {.additional = 1}) + question({"b"}) + opt();
  const std::string stream = dns_frame(first).value() + dns_frame(second).value();
  CHECK(stream.substr(0, 2) == u16(static_cast<unsigned>(first.size())));
  for (std::size_t at = 0; at <= stream.size(); ++at) {
    DnsFrameReader reader;
    REQUIRE(reader.push(stream.substr(0, at)));
    REQUIRE(reader.push(stream.substr(at)));
    CHECK(reader.next() == first);
    CHECK(reader.next() == second);
    CHECK_FALSE(reader.next());
    CHECK_FALSE(reader.is_inside());
  }
  DnsFrameReader slow;
  for (const char c : stream) REQUIRE(slow.push({&c, 1}));
  CHECK(slow.next() == first);
  CHECK(slow.next() == second);
  REQUIRE(slow.push(u16(20) + "ab"));
  CHECK(slow.is_inside());
  CHECK_FALSE(slow.next());
}

TEST_CASE("lengths over TCP that are refused") {
  const struct {
    const char* name;
    std::string bytes;
    ErrorKind kind;
  } rows[] = {
      {"longer than a query", u16(kMaxDnsQuery + 1), ErrorKind::limit},
      {"the longest", u16(0xffff), ErrorKind::limit},
      {"shorter than a head", u16(11), ErrorKind::protocol},
      {"nothing", u16(0), ErrorKind::protocol},
      {"HTTP", "GET / HTTP/1.1\r\n", ErrorKind::limit},
  };
  const std::string good = head() + kQuestion;
  for (const auto& row : rows) {
    INFO(row.name);
    DnsFrameReader reader;
    const auto got = reader.push(dns_frame(good).value() + row.bytes);
    REQUIRE_FALSE(got);
    CHECK(got.error().kind() == row.kind);
    CHECK(reader.next() == good);
    const auto again = reader.push(dns_frame(good).value());
    REQUIRE_FALSE(again);
    CHECK(again.error().kind() == row.kind);
    CHECK_FALSE(reader.next());
  }
  CHECK(dns_frame(std::string(0xffff, 'x')));
  const auto too_long = dns_frame(std::string(0x10000, 'x'));
  REQUIRE_FALSE(too_long);
  CHECK(too_long.error().kind() == ErrorKind::limit);
}
