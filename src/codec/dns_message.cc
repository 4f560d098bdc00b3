#include "codec/dns_message.h"

#include <openssl/bytestring.h>

#include <algorithm>
#include <format>
#include <utility>

namespace glovebox::codec {

namespace {

constexpr std::size_t kHead = 12;
constexpr std::size_t kQuestionEnd = 4;  // type and class
constexpr std::size_t kOpt = 11;         // a root name and no options
constexpr std::size_t kRecordHead = 12;  // with a pointer in place of the name
constexpr std::size_t kLongestAddress = 16;
static_assert(kHead + kMaxDnsName + kQuestionEnd + kOpt +
                  kMaxDnsAddresses * (kRecordHead + kLongestAddress) <=
              kMaxDnsAnswer);

constexpr std::uint16_t kInternet = 1;
constexpr std::uint16_t kOptType = 41;

// The 16 bits after the id.
constexpr std::uint16_t kIsAnswer = 0x8000;
constexpr unsigned kOpcodeShift = 11;
constexpr std::uint16_t kOpcodeMask = 0x0f;
constexpr std::uint16_t kRecursionDesired = 0x0100;
constexpr std::uint16_t kRecursionAvailable = 0x0080;
constexpr std::uint16_t kCheckingDisabled = 0x0010;
// AA, TC, RA, Z and a code. RD, AD (RFC 6840) and CD are a query's.
constexpr std::uint16_t kNotInQueries = 0x0400 | 0x0200 | kRecursionAvailable | 0x0040 | 0x000f;

constexpr std::uint16_t kDnssecOk = 0x8000;

DnsCode code_for(DnsFault fault) {
  switch (fault) {
    case DnsFault::opcode:
      return DnsCode::not_implemented;
    case DnsFault::not_internet:
      return DnsCode::refused;
    case DnsFault::edns_version:
      return DnsCode::bad_version;
    case DnsFault::too_short:
    case DnsFault::not_a_query:
    case DnsFault::too_long:
    case DnsFault::flags:
    case DnsFault::question_count:
    case DnsFault::record_in_query:
    case DnsFault::cut_off:
    case DnsFault::compressed_name:
    case DnsFault::long_name:
    case DnsFault::not_opt:
    case DnsFault::bytes_after_end:
      return DnsCode::format_error;
  }
  return DnsCode::format_error;
}

std::string_view view(const CBS& bytes) {
  return {reinterpret_cast<const char*>(CBS_data(&bytes)), CBS_len(&bytes)};
}

std::string text_of(std::string_view label) {
  std::string text;
  for (const char c : label) {
    const auto byte = static_cast<unsigned char>(c);
    if (c >= 'A' && c <= 'Z')
      text += static_cast<char>(c - 'A' + 'a');
    else if (c == '.' || c == '\\')
      text += {'\\', c};
    else if (byte <= 0x20 || byte >= 0x7f)
      text += std::format("\\{:03}", byte);
    else
      text += c;
  }
  return text;
}

// The labels up to the root's; moves `rest` behind it.
std::expected<std::vector<std::string>, DnsFault> read_name(CBS& rest) {
  const std::size_t before = CBS_len(&rest);
  std::vector<std::string> labels;
  for (;;) {
    std::uint8_t length = 0;
    CBS label;
    if (CBS_get_u8(&rest, &length) != 1) return std::unexpected(DnsFault::cut_off);
    if ((length & 0xc0) != 0) return std::unexpected(DnsFault::compressed_name);
    if (CBS_get_bytes(&rest, &label, length) != 1) return std::unexpected(DnsFault::cut_off);
    if (before - CBS_len(&rest) > kMaxDnsName) return std::unexpected(DnsFault::long_name);
    if (length == 0) return labels;
    labels.emplace_back(view(label));
  }
}

// The one additional record of a query.
std::expected<DnsOpt, DnsFault> read_opt(CBS& rest, bool& version_known) {
  std::uint8_t root = 0, extended_code = 0, version = 0;
  std::uint16_t type = 0, size = 0, flags = 0;
  CBS options;
  if (CBS_get_u8(&rest, &root) != 1) return std::unexpected(DnsFault::cut_off);
  if (root != 0) return std::unexpected(DnsFault::not_opt);
  if (CBS_get_u16(&rest, &type) != 1) return std::unexpected(DnsFault::cut_off);
  if (type != kOptType) return std::unexpected(DnsFault::not_opt);
  if (CBS_get_u16(&rest, &size) != 1 || CBS_get_u8(&rest, &extended_code) != 1 ||
      CBS_get_u8(&rest, &version) != 1 || CBS_get_u16(&rest, &flags) != 1 ||
      CBS_get_u16_length_prefixed(&rest, &options) != 1)
    return std::unexpected(DnsFault::cut_off);
  version_known = version == 0;
  return DnsOpt{size, (flags & kDnssecOk) != 0};
}

void put_u16(std::string& out, std::uint16_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value & 0xff);
}

std::string answer(const DnsEcho& echo, DnsCode code, std::size_t records,
                   std::string_view record_bytes) {
  const auto number = static_cast<std::uint16_t>(code);
  std::string out;
  put_u16(out, echo.id);
  put_u16(out, static_cast<std::uint16_t>(
                   kIsAnswer | (echo.opcode & kOpcodeMask) << kOpcodeShift |
                   (echo.recursion_desired ? kRecursionDesired : 0) | kRecursionAvailable |
                   (echo.checking_disabled ? kCheckingDisabled : 0) | (number & 0x0f)));
  put_u16(out, echo.question.empty() ? 0 : 1);
  put_u16(out, static_cast<std::uint16_t>(records));
  put_u16(out, 0);
  put_u16(out, echo.opt ? 1 : 0);
  out += echo.question;
  out += record_bytes;
  if (echo.opt) {
    out += '\0';
    put_u16(out, kOptType);
    put_u16(out, kMaxDnsAnswer);
    out += static_cast<char>(number >> 4);
    out += '\0';
    put_u16(out, echo.opt->dnssec_ok ? kDnssecOk : 0);
    put_u16(out, 0);
  }
  return out;
}

}  // namespace

std::string to_string(DnsType type) {
  switch (type) {
    case DnsType::a:
      return "A";
    case DnsType::ns:
      return "NS";
    case DnsType::cname:
      return "CNAME";
    case DnsType::soa:
      return "SOA";
    case DnsType::ptr:
      return "PTR";
    case DnsType::mx:
      return "MX";
    case DnsType::txt:
      return "TXT";
    case DnsType::aaaa:
      return "AAAA";
    case DnsType::srv:
      return "SRV";
    case DnsType::svcb:
      return "SVCB";
    case DnsType::https:
      return "HTTPS";
    case DnsType::any:
      return "ANY";
  }
  return std::format("TYPE{}", static_cast<unsigned>(type));
}

std::string_view to_string(DnsFault fault) {
  switch (fault) {
    case DnsFault::too_short:
      return "shorter than a DNS head";
    case DnsFault::not_a_query:
      return "an answer where a query was expected";
    case DnsFault::too_long:
      return "longer than a DNS query may be";
    case DnsFault::opcode:
      return "an operation other than a query";
    case DnsFault::flags:
      return "flags that a query does not have";
    case DnsFault::question_count:
      return "not exactly one question";
    case DnsFault::record_in_query:
      return "records that a query does not have";
    case DnsFault::cut_off:
      return "cut off";
    case DnsFault::compressed_name:
      return "a compressed name in the question";
    case DnsFault::long_name:
      return "a name longer than 255 bytes";
    case DnsFault::not_internet:
      return "a class other than IN";
    case DnsFault::not_opt:
      return "an additional record other than OPT";
    case DnsFault::edns_version:
      return "an EDNS version other than 0";
    case DnsFault::bytes_after_end:
      return "bytes after the end";
  }
  return "not a query";
}

std::expected<DnsQuery, DnsRefusal> parse_dns_query(std::string_view message) {
  const auto silent = [](DnsFault fault) {
    return std::unexpected(DnsRefusal{fault, code_for(fault), std::nullopt});
  };
  DnsQuery query;
  const auto refuse = [&query](DnsFault fault) {
    return std::unexpected(DnsRefusal{fault, code_for(fault), query.echo});
  };
  CBS rest;
  CBS_init(&rest, reinterpret_cast<const std::uint8_t*>(message.data()), message.size());
  std::uint16_t bits = 0, questions = 0, answers = 0, authorities = 0, additional = 0;
  if (CBS_get_u16(&rest, &query.echo.id) != 1 || CBS_get_u16(&rest, &bits) != 1 ||
      CBS_get_u16(&rest, &questions) != 1 || CBS_get_u16(&rest, &answers) != 1 ||
      CBS_get_u16(&rest, &authorities) != 1 || CBS_get_u16(&rest, &additional) != 1)
    return silent(DnsFault::too_short);
  if ((bits & kIsAnswer) != 0) return silent(DnsFault::not_a_query);
  query.echo.opcode = static_cast<std::uint8_t>(bits >> kOpcodeShift & kOpcodeMask);
  query.echo.recursion_desired = (bits & kRecursionDesired) != 0;
  query.echo.checking_disabled = (bits & kCheckingDisabled) != 0;
  if (message.size() > kMaxDnsQuery) return refuse(DnsFault::too_long);
  if (query.echo.opcode != 0) return refuse(DnsFault::opcode);
  if ((bits & kNotInQueries) != 0) return refuse(DnsFault::flags);
  if (questions != 1) return refuse(DnsFault::question_count);
  if (answers != 0 || authorities != 0 || additional > 1) return refuse(DnsFault::record_in_query);

  const std::string_view from_question = view(rest);
  auto labels = read_name(rest);
  if (!labels) return refuse(labels.error());
  query.labels = *std::move(labels);
  std::uint16_t type = 0, in_class = 0;
  if (CBS_get_u16(&rest, &type) != 1 || CBS_get_u16(&rest, &in_class) != 1)
    return refuse(DnsFault::cut_off);
  query.type = static_cast<DnsType>(type);
  query.echo.question = from_question.substr(0, from_question.size() - CBS_len(&rest));
  if (additional == 1) {
    bool version_known = false;
    const auto opt = read_opt(rest, version_known);
    if (!opt) return refuse(opt.error());
    query.echo.opt = *opt;
    if (!version_known) return refuse(DnsFault::edns_version);
  }
  if (CBS_len(&rest) != 0) return refuse(DnsFault::bytes_after_end);
  if (in_class != kInternet) return refuse(DnsFault::not_internet);

  for (const std::string& label : query.labels)
    query.name += (query.name.empty() ? "" : ".") + text_of(label);
  if (query.name.empty()) query.name = ".";
  return query;
}

std::string dns_answer(const DnsEcho& echo, DnsCode code) {
  return answer(echo, code, 0, {});
}

Result<std::string> dns_answer(const DnsQuery& query, std::span<const IpAddress> addresses,
                               seconds ttl) {
  if (query.type != DnsType::a && query.type != DnsType::aaaa)
    return Error(ErrorKind::invalid,
                 "addresses do not answer a query for " + to_string(query.type));
  if (addresses.size() > kMaxDnsAddresses)
    return Error(ErrorKind::limit,
                 std::format("more than {} addresses in a DNS answer", kMaxDnsAddresses));
  if (ttl < seconds(0) || ttl > kMaxDnsTtl)
    return Error(ErrorKind::invalid, std::format("a DNS record cannot live {} s", ttl.count()));
  std::string records;
  for (const IpAddress& address : addresses) {
    if (address.is_v4() != (query.type == DnsType::a))
      return Error(ErrorKind::invalid, std::format("{} does not answer a query for {}",
                                                   address.to_string(), to_string(query.type)));
    const auto lives = static_cast<std::uint32_t>(ttl.count());
    put_u16(records, 0xc000 | kHead);  // the name of the question
    put_u16(records, static_cast<std::uint16_t>(query.type));
    put_u16(records, kInternet);
    put_u16(records, static_cast<std::uint16_t>(lives >> 16));
    put_u16(records, static_cast<std::uint16_t>(lives & 0xffff));
    put_u16(records, static_cast<std::uint16_t>(address.bytes().size()));
    records.append(reinterpret_cast<const char*>(address.bytes().data()), address.bytes().size());
  }
  return answer(query.echo, DnsCode::no_error, addresses.size(), records);
}

Result<std::string> dns_frame(std::string_view message) {
  if (message.size() > 0xffff)
    return Error(ErrorKind::limit, "a DNS message longer than 65535 bytes");
  std::string frame;
  put_u16(frame, static_cast<std::uint16_t>(message.size()));
  frame += message;
  return frame;
}

Result<void> DnsFrameReader::push(std::string_view bytes) {
  if (dead_) return Error(*dead_);
  held_ += bytes;
  std::size_t taken = 0;
  while (held_.size() - taken >= 2) {
    const std::size_t size = static_cast<std::size_t>(static_cast<unsigned char>(held_[taken]))
                                 << 8 |
                             static_cast<unsigned char>(held_[taken + 1]);
    if (size > kMaxDnsQuery)
      dead_ = Error(ErrorKind::limit,
                    std::format("a DNS query of {} bytes, at most {}", size, kMaxDnsQuery));
    else if (size < kHead)
      dead_ = Error(ErrorKind::protocol, std::format("a DNS message of {} bytes", size));
    if (dead_) {
      held_ = std::string();
      return Error(*dead_);
    }
    if (held_.size() - taken < 2 + size) break;
    whole_.push_back(held_.substr(taken + 2, size));
    taken += 2 + size;
  }
  held_.erase(0, taken);
  return {};
}

std::optional<std::string> DnsFrameReader::next() {
  if (whole_.empty()) return std::nullopt;
  std::string message = std::move(whole_.front());
  whole_.pop_front();
  return message;
}

}  // namespace glovebox::codec
