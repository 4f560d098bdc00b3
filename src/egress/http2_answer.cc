#include "egress/http2_answer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "codec/http_head.h"
#include "egress/hop_fields.h"

namespace glovebox::egress {

namespace {

std::unexpected<Refusal> malformed() {
  return std::unexpected(Refusal{502, "the head of the answer is malformed"});
}

std::string in_small_letters(std::string name) {
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return name;
}

// 0: none.
int status_of(std::string_view text) {
  if (text.size() != 3 || text.front() < '1' || text.front() > '5') return 0;
  int status = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return 0;
    status = status * 10 + (c - '0');
  }
  return status;
}

}  // namespace

std::expected<AdmittedAnswer, Refusal> admit_http2_answer(const net::Fields& head,
                                                          const AdmittedRequest& request,
                                                          const Injection* injection) {
  net::ResponseHead parsed;
  for (const auto& [name, value] : head) {
    if (name.starts_with(':')) {
      if (name != ":status" || parsed.status != 0 || parsed.fields.size() > 0) return malformed();
      parsed.status = status_of(value);
      if (parsed.status == 0) return malformed();
      continue;
    }
    if (!codec::check_field_name(name) || !codec::check_field_value(value) ||
        net::equal_ignoring_case(name, "transfer-encoding"))
      return malformed();
    parsed.fields.add(name, value);
  }
  if (parsed.status == 0) return malformed();
  if (parsed.fields.size() > kMaxAnswerFields)
    return std::unexpected(Refusal{502, "the head of the answer is too large"});
  return admit_answer(parsed, request, injection);
}

net::Fields to_http2_head(const AdmittedAnswer& answer) {
  net::Fields out{{":status", std::to_string(answer.status)}};
  for (const auto& [name, value] : answer.fields) out.add(in_small_letters(name), value);
  if (!answer.length.empty()) out.add("content-length", answer.length);
  if (answer.framing.kind == net::Framing::Kind::length)
    out.add("content-length", std::to_string(answer.framing.length));
  return out;
}

net::Fields refusal_head(int status, std::string_view text) {
  return {{":status", std::to_string(status)},
          {"content-type", "text/plain"},
          {"content-length", std::to_string(text.size())}};
}

net::Fields admit_answer_trailers(const net::Fields& trailers, const Injection* injection) {
  net::Fields out;
  for (const auto& [name, value] : searched(trailers, injection))
    if (!name.starts_with(':') && codec::check_field_name(name) && codec::check_field_value(value))
      out.add(in_small_letters(name), value);
  return out;
}

std::vector<net::Http2Field> to_sent(const net::Fields& fields) {
  std::vector<net::Http2Field> out;
  out.reserve(fields.size());
  for (const auto& [name, value] : fields) out.push_back({name, value});
  return out;
}

}  // namespace glovebox::egress
