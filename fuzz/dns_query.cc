// DNS queries: what is read is answered with its own question, within 512 bytes; what is refused is
// answered or left alone; and a stream of them gives the same messages however it was split.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/dns_message.h"

using namespace glovebox;
using namespace glovebox::codec;

namespace {

void check(bool holds) {
  if (!holds) __builtin_trap();
}

void check_answer(const DnsEcho& echo, std::string_view query, std::string_view answer) {
  check(answer.size() >= 12 && answer.size() <= kMaxDnsAnswer);
  check(answer.substr(0, 2) == query.substr(0, 2));
  check((answer[2] & 0x80) != 0);
  check(answer.substr(12, echo.question.size()) == query.substr(12, echo.question.size()));
}

void check_names(const DnsQuery& query) {
  std::size_t on_the_wire = 1;
  for (const std::string& label : query.labels) on_the_wire += 1 + label.size();
  check(on_the_wire <= kMaxDnsName && query.echo.question.size() == on_the_wire + 4);
  check(std::ranges::all_of(query.name, [](char c) { return c > 0x20 && c < 0x7f; }));
  check(std::ranges::none_of(query.name, [](char c) { return c >= 'A' && c <= 'Z'; }));
}

std::vector<std::string> frames(std::string_view bytes, std::size_t step) {
  DnsFrameReader reader;
  std::vector<std::string> all;
  for (bool alive = true; alive && !bytes.empty();) {
    const std::string_view piece = bytes.substr(0, step);
    alive = reader.push(piece).has_value();
    bytes.remove_prefix(piece.size());
  }
  while (auto message = reader.next()) all.push_back(*std::move(message));
  return all;
}

}  // namespace

bool fuzz_accepts(std::string_view bytes) {
  return parse_dns_query(bytes).has_value();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto query = parse_dns_query(bytes);
  if (query) {
    check_names(*query);
    check_answer(query->echo, bytes, dns_answer(query->echo, DnsCode::name_error));
    const auto address = query->type == DnsType::a ? IpAddress::v4({}) : IpAddress::v6({});
    const std::vector<IpAddress> most(kMaxDnsAddresses, address);
    const auto answer = dns_answer(*query, most, kMaxDnsTtl);
    check(answer.has_value() == (query->type == DnsType::a || query->type == DnsType::aaaa));
    if (answer) check_answer(query->echo, bytes, *answer);
  } else if (query.error().echo) {
    check_answer(*query.error().echo, bytes, dns_answer(*query.error().echo, query.error().code));
  }
  const std::vector<std::string> whole = frames(bytes, size);
  check(frames(bytes, 1) == whole && frames(bytes, size / 2 + 1) == whole);
  return 0;
}
