// The messages of a DNS responder that makes up its answers: queries in, answers out (RFC 1035,
// 3596, 6891).
//
// A query is read strictly: one question of class IN, no compressed name, nothing after it but one
// OPT record. What is not read is a DnsRefusal, with the code to answer. The question goes into the
// answer byte for byte, so that a client that mixed upper and lower case recognises it. An answer
// has at most kMaxDnsAnswer bytes and so is never truncated. Without an SOA record, which is never
// sent, no resolver keeps an empty answer (RFC 2308).
//
// What it does not do: forward, resolve, sign, read an answer, DNS cookies (options are ignored).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "codec/cidr.h"

namespace glovebox::codec {

constexpr std::uint16_t kDnsPort = 53;
constexpr std::size_t kMaxDnsQuery = 512;   // bytes
constexpr std::size_t kMaxDnsAnswer = 512;  // bytes; also what OPT announces
constexpr std::size_t kMaxDnsName = 255;    // bytes as sent, with the lengths of labels and the end
constexpr std::size_t kMaxDnsAddresses = 8;
constexpr seconds kMaxDnsTtl{0x7fffffff};  // RFC 2181 §8

// The types that somebody decides on; every other number is a DnsType of its own.
enum class DnsType : std::uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  soa = 6,
  ptr = 12,
  mx = 15,
  txt = 16,
  aaaa = 28,
  srv = 33,
  svcb = 64,
  https = 65,
  any = 255,
};
// `AAAA`; `TYPE257` for a type without a name here (RFC 3597).
std::string to_string(DnsType type);

enum class DnsCode : std::uint8_t {
  no_error = 0,
  format_error = 1,
  server_failure = 2,
  name_error = 3,  // NXDOMAIN
  not_implemented = 4,
  refused = 5,
  bad_version = 16,  // of EDNS; only in an answer with OPT
};

struct DnsOpt {
  std::uint16_t udp_size = 0;  // as the client said it; an answer needs no more than 512
  bool dnssec_ok = false;
};

// What of a query stands in its answer.
struct DnsEcho {
  std::uint16_t id = 0;
  std::uint8_t opcode = 0;
  bool recursion_desired = false;
  bool checking_disabled = false;
  std::string question;  // as it came; empty if it could not be read
  std::optional<DnsOpt> opt;
};

struct DnsQuery {
  DnsEcho echo;
  std::vector<std::string> labels;  // as they came, any bytes, without the root's empty one
  // One spelling: lower case, dots between labels, none at the end, `.` for the root. A dot or a
  // backslash in a label is written with a backslash, what is not visible ASCII as `\DDD` (RFC 4343
  // §2.1), so that no such name is equal to a HostName.
  std::string name;
  DnsType type{};
};

enum class DnsFault : std::uint8_t {
  too_short,        // no whole head
  not_a_query,      // an answer: answering it could go on for ever
  too_long,         // more than kMaxDnsQuery
  opcode,           // other than QUERY
  flags,            // those of an answer, or the reserved one
  question_count,   // not exactly one
  record_in_query,  // an answer, an authority, or more than one additional record
  cut_off,          // ends inside the question or the record
  compressed_name,  // a pointer, or a label type that does not exist
  long_name,        // more than kMaxDnsName
  not_internet,     // a class other than IN
  not_opt,          // an additional record that is not OPT, or OPT with a name
  edns_version,     // of an OPT record, not 0
  bytes_after_end,
};
std::string_view to_string(DnsFault fault);

struct DnsRefusal {
  DnsFault fault;
  DnsCode code;                 // to answer
  std::optional<DnsEcho> echo;  // none: nothing is to be answered
};

std::expected<DnsQuery, DnsRefusal> parse_dns_query(std::string_view message);

// An answer without records: NOERROR (the name exists, the type does not), or an error.
std::string dns_answer(const DnsEcho& echo, DnsCode code);
// NOERROR with these addresses in order. Errors: invalid (the type asked is neither A nor AAAA, an
// address of the other family, a TTL that is negative or above kMaxDnsTtl), limit (more than
// kMaxDnsAddresses).
Result<std::string> dns_answer(const DnsQuery& query, std::span<const IpAddress> addresses,
                               seconds ttl);

// DNS over TCP (RFC 1035 §4.2.2): each message after two bytes with its length.
// Error: limit (a message that the two bytes cannot say).
Result<std::string> dns_frame(std::string_view message);

// Queries out of a TCP stream, in any pieces. Holds at most what was pushed and not yet taken.
class DnsFrameReader {
 public:
  // Error: limit (a length above kMaxDnsQuery), protocol (shorter than a head). The stream is then
  // dead: every further push gives an error; messages that were complete before stay.
  Result<void> push(std::string_view bytes);
  // The next whole message in order.
  std::optional<std::string> next();
  // Bytes of a message that is not whole: an end of the stream would cut it off.
  bool is_inside() const { return !held_.empty(); }

 private:
  std::string held_;
  std::deque<std::string> whole_;
  std::optional<Error> dead_;
};

}  // namespace glovebox::codec
