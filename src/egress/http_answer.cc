#include "egress/http_answer.h"

#include <algorithm>
#include <format>
#include <utility>

#include "egress/hop_fields.h"
#include "egress/secret_scrubber.h"

namespace glovebox::egress {

namespace {

std::unexpected<Refusal> refuse(std::string_view words) {
  return std::unexpected(Refusal{502, words});
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  return !std::ranges::search(text, part, [](char a, char b) {
            return lower(a) == lower(b);
          }).empty();
}

bool is_encoded(const net::Fields& fields) {
  return std::ranges::any_of(fields, [](const net::Fields::Field& field) {
    return net::equal_ignoring_case(field.name, "content-encoding") && !field.value.empty() &&
           !net::equal_ignoring_case(field.value, "identity");
  });
}

AdmittedAnswer::Kind kind_of(int status) {
  if (status == 100) return AdmittedAnswer::Kind::go_ahead;
  if (status == 101) return AdmittedAnswer::Kind::switching;
  return status < 200 ? AdmittedAnswer::Kind::interim : AdmittedAnswer::Kind::final;
}

std::string start_line(int status) {
  return std::format("HTTP/1.1 {} {}\r\n", status, net::reason_phrase(status));
}

void add_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

net::Fields searched(const net::Fields& fields, const Injection* injection) {
  net::Fields out;
  for (const auto& [name, value] : fields) {
    if (is_hop_by_hop(name) || net::equal_ignoring_case(name, "content-length")) continue;
    if (injection == nullptr) {
      out.add(name, value);
    } else if (!contains_ignoring_case(name, injection->secret.reveal())) {
      out.add(name, mask_secret(value, injection->secret));
    }
  }
  return out;
}

std::string to_text(const Verdict& denied) {
  return denied.rule.empty()
             ? std::format("denied by policy: {}\n", denied.words)
             : std::format("denied by policy: {} ({})\n", denied.words, denied.rule);
}

std::expected<AdmittedAnswer, Refusal> admit_answer(std::string_view head,
                                                    const AdmittedRequest& request,
                                                    const Injection* injection) {
  const auto parsed = net::parse_response_head(head, kMaxAnswerFields);
  if (!parsed)
    return refuse(parsed.error().kind() == ErrorKind::limit
                      ? "the head of the answer is too large"
                      : "the head of the answer is malformed");
  return admit_answer(*parsed, request, injection);
}

std::expected<AdmittedAnswer, Refusal> admit_answer(const net::ResponseHead& head,
                                                    const AdmittedRequest& request,
                                                    const Injection* injection) {
  AdmittedAnswer out;
  out.kind = kind_of(head.status);
  out.status = head.status;
  const auto framing = net::response_framing(head, request.asked());
  if (!framing) return refuse("it is not clear how long the answer is");
  out.framing = *framing;
  if (out.kind == AdmittedAnswer::Kind::switching) {
    const auto protocol = head.fields.find("upgrade");
    if (request.upgrade != Upgrade::websocket || head.minor_version == 0 || !protocol ||
        !net::equal_ignoring_case(*protocol, "websocket"))
      return refuse("the answer switches to a protocol that was not asked for");
  }
  if (injection != nullptr && framing->kind != net::Framing::Kind::none && is_encoded(head.fields))
    return refuse("the answer is encoded and cannot be searched for the credential");
  if (framing->kind == net::Framing::Kind::none &&
      (request.asked() == net::Asked::for_head || head.status == 304)) {
    const auto length = head.fields.find("content-length");
    if (length) out.length = *length;
  }
  out.keep = framing->kind != net::Framing::Kind::until_end &&
                     net::keeps_alive(head.minor_version, head.fields)
                 ? Keep::yes
                 : Keep::no;
  out.fields = searched(head.fields, injection);
  return out;
}

Carriage carriage_of(const AdmittedAnswer& answer, const AdmittedRequest& request) {
  switch (answer.framing.kind) {
    case net::Framing::Kind::none:
      return Carriage::none;
    case net::Framing::Kind::length:
      return Carriage::length;
    case net::Framing::Kind::chunked:
    case net::Framing::Kind::until_end:
      break;
  }
  return request.minor_version == 0 ? Carriage::until_end : Carriage::chunks;
}

std::string format_answer_head(const AdmittedAnswer& answer, Carriage carriage, Keep keep) {
  std::string out = start_line(answer.status);
  for (const auto& [name, value] : answer.fields) add_field(out, name, value);
  if (!answer.length.empty()) add_field(out, "content-length", answer.length);
  if (carriage == Carriage::length)
    add_field(out, "content-length", std::to_string(answer.framing.length));
  if (carriage == Carriage::chunks) add_field(out, "transfer-encoding", "chunked");
  if (answer.kind == AdmittedAnswer::Kind::switching) {
    add_field(out, "connection", "Upgrade");
    add_field(out, "upgrade", "websocket");
  } else if (keep == Keep::no) {
    add_field(out, "connection", "close");
  }
  return out + "\r\n";
}

std::string format_refusal(int status, std::string_view text, net::Asked asked, Keep keep) {
  std::string out = start_line(status);
  add_field(out, "content-type", "text/plain");
  add_field(out, "content-length", std::to_string(text.size()));
  if (keep == Keep::no) add_field(out, "connection", "close");
  out += "\r\n";
  if (asked == net::Asked::for_body) out += text;
  return out;
}

}  // namespace glovebox::egress
