#include "net/http_head.h"

#include <format>
#include <optional>

#include "codec/http_head.h"

namespace glovebox::net {

namespace {

Error broken(std::string_view what) {
  return Error(ErrorKind::protocol, std::string(what));
}

// What a peer sent is its fault, whatever the check calls it.
Result<void> as_peer_fault(Result<void> checked) {
  if (checked) return {};
  return Error(ErrorKind::protocol, checked.error().message());
}

// The next line without its CRLF, taken from the front.
Result<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find("\r\n");
  if (end == std::string_view::npos) return broken("a line of the head has no end");
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

Result<int> parse_version(std::string_view text) {
  if (text == "HTTP/1.1") return 1;
  if (text == "HTTP/1.0") return 0;
  if (text.starts_with("HTTP/")) return Error(ErrorKind::unsupported, "HTTP version");
  return broken("not an HTTP version");
}

Result<Fields> parse_fields(std::string_view rest, std::size_t max_fields) {
  Fields fields;
  while (!rest.empty()) {
    if (fields.size() == max_fields)
      return Error(ErrorKind::limit, std::format("more than {} header fields", max_fields));
    Fields::Field field = TRY(parse_field_line(TRY(take_line(rest))));
    fields.add(std::move(field.name), std::move(field.value));
  }
  return fields;
}

Result<std::uint64_t> parse_length(std::string_view text) {
  if (text.empty() || text.size() > 18) return broken("content-length is not a number");
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return broken("content-length is not a number");
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

// What the fields say; nothing if they say nothing.
Result<std::optional<Framing>> declared_framing(int minor_version, const Fields& fields) {
  const std::size_t lengths = fields.count("content-length");
  const std::size_t codings = fields.count("transfer-encoding");
  if (codings > 0) {
    if (minor_version == 0) return broken("transfer-encoding in HTTP/1.0");
    if (lengths > 0) return broken("content-length beside transfer-encoding");
    if (codings > 1 || !equal_ignoring_case(*fields.find("transfer-encoding"), "chunked"))
      return Error(ErrorKind::unsupported, "transfer coding other than chunked");
    return std::optional(Framing{Framing::Kind::chunked});
  }
  if (lengths > 1) return broken("content-length twice");
  if (lengths == 1)
    return std::optional(
        Framing{Framing::Kind::length, TRY(parse_length(*fields.find("content-length")))});
  return std::optional<Framing>();
}

}  // namespace

Result<Fields::Field> parse_field_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return broken("header field without a colon");
  const std::string_view name = line.substr(0, colon);
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  TRY(as_peer_fault(codec::check_field_name(name)));
  TRY(as_peer_fault(codec::check_field_value(value)));
  return Fields::Field{std::string(name), std::string(value)};
}

Result<ResponseHead> parse_response_head(std::string_view head, std::size_t max_fields) {
  const std::string_view line = TRY(take_line(head));
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return broken("not an HTTP status line");
  ResponseHead out;
  out.minor_version = TRY(parse_version(line.substr(0, space)));
  const std::string_view rest = line.substr(space + 1);
  if (rest.size() < 3 || (rest.size() > 3 && rest[3] != ' ')) return broken("not a status code");
  for (const char c : rest.substr(0, 3)) {
    if (c < '0' || c > '9') return broken("not a status code");
    out.status = out.status * 10 + (c - '0');
  }
  if (out.status < 100 || out.status > 599) return broken("not a status code");
  for (const char c : rest.substr(3))
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f)
      return broken("control byte in a reason phrase");
  out.fields = TRY(parse_fields(head, max_fields));
  return out;
}

Result<RequestHead> parse_request_head(std::string_view head, std::size_t max_fields) {
  const std::string_view line = TRY(take_line(head));
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return broken("not an HTTP request line");
  RequestHead out;
  out.method = line.substr(0, first);
  out.target = line.substr(first + 1, last - first - 1);
  out.minor_version = TRY(parse_version(line.substr(last + 1)));
  TRY(as_peer_fault(codec::check_method(out.method)));
  TRY(as_peer_fault(codec::check_target(out.target)));
  out.fields = TRY(parse_fields(head, max_fields));
  const std::size_t hosts = out.fields.count("host");
  if (hosts > 1 || (hosts == 0 && out.minor_version == 1))
    return broken("a request needs one host field");
  return out;
}

Result<Framing> response_framing(const ResponseHead& head, Asked asked) {
  const auto declared = TRY(declared_framing(head.minor_version, head.fields));
  if (asked == Asked::for_head || head.status < 200 || head.status == 204 || head.status == 304)
    return Framing{};
  return declared.value_or(Framing{Framing::Kind::until_end});
}

Result<Framing> request_framing(const RequestHead& head) {
  return TRY(declared_framing(head.minor_version, head.fields)).value_or(Framing{});
}

bool keeps_alive(int minor_version, const Fields& fields) {
  return minor_version == 1 && !fields.lists("connection", "close");
}

Result<std::string> format_head(std::string_view start_line, const Fields& fields) {
  std::string out = std::format("{}\r\n", start_line);
  for (const auto& [name, value] : fields) {
    TRY(codec::check_field_name(name));
    TRY_CONTEXT(codec::check_field_value(value), name);
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
  out += "\r\n";
  return out;
}

}  // namespace glovebox::net
