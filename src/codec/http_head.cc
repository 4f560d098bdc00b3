#include "codec/http_head.h"

#include <algorithm>
#include <format>

#include "codec/hex.h"

namespace glovebox::codec {

namespace {

bool is_token_char(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").contains(c));
}

bool is_field_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

Result<void> check_length(std::string_view text, std::size_t most, std::string_view what) {
  if (text.size() > most)
    return Error(ErrorKind::limit, std::format("{} longer than {} bytes", what, most));
  return {};
}

Result<void> check_token(std::string_view text, std::size_t most, std::string_view what) {
  if (!is_token(text)) return Error(ErrorKind::invalid, std::format("{} is not a token", what));
  return check_length(text, most, what);
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}

Result<void> check_method(std::string_view method) {
  return check_token(method, kMaxMethod, "method");
}

Result<void> check_field_name(std::string_view name) {
  return check_token(name, kMaxFieldName, "header name");
}

Result<void> check_field_value(std::string_view value) {
  if (!std::ranges::all_of(value, is_field_char))
    return Error(ErrorKind::invalid, "header value with a line end or control byte");
  if (!value.empty() && (is_blank(value.front()) || is_blank(value.back())))
    return Error(ErrorKind::invalid, "header value with white space at its end");
  return check_length(value, kMaxFieldValue, "header value");
}

Result<void> check_target(std::string_view target) {
  if (!target.starts_with('/'))
    return Error(ErrorKind::invalid, "request target does not begin with a slash");
  for (std::size_t i = 0; i < target.size(); ++i) {
    const char c = target[i];
    if (c <= ' ' || c >= 0x7F || std::string_view("#\\\"<>^`{|}").contains(c))
      return Error(ErrorKind::invalid, "request target with a character that must be escaped");
    if (c == '%' &&
        (i + 2 >= target.size() || hex_digit(target[i + 1]) < 0 || hex_digit(target[i + 2]) < 0))
      return Error(ErrorKind::invalid, "request target with a broken escape");
  }
  return check_length(target, kMaxTarget, "request target");
}

}  // namespace glovebox::codec
