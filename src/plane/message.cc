#include "plane/message.h"

#include <charconv>
#include <cstdint>
#include <format>
#include <system_error>

#include "base/result.h"

namespace glovebox::plane {

const std::string* Request::header(std::string_view name) const {
  for (const Header& header : headers)
    if (header.name == name) return &header.value;
  return nullptr;
}

Reply json_reply(const codec::Json& body) {
  return {200, {{"content-type", "application/json"}}, codec::to_json(body)};
}

ApiError invalid_request(std::string message) {
  return {400, "invalid_request_error", std::move(message), {}};
}

ApiError invalid_request(std::string message, std::string_view error_code) {
  return {400, "invalid_request_error", std::move(message),
          codec::Json::object({{"error_code", error_code}})};
}

ApiError unauthenticated(std::string message) {
  return {401, "authentication_error", std::move(message), {}};
}

ApiError forbidden(std::string message) {
  return {403, "permission_error", std::move(message), {}};
}

ApiError not_found(std::string message) {
  return {404, "not_found_error", std::move(message), {}};
}

ApiError conflict(std::string message) {
  return {409, "conflict_error", std::move(message), {}};
}

std::string_view error_type_of(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 402:
      return "billing_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 409:
      return "conflict_error";
    case 429:
      return "rate_limit_error";
    case 504:
      return "timeout_error";
    case 529:
      return "overloaded_error";
    default:
      return status >= 500 ? "api_error" : "invalid_request_error";
  }
}

Reply error_reply(const ApiError& error, std::string_view request_id) {
  codec::Json inner = codec::Json::object({{"type", error.type}, {"message", error.message}});
  if (!error.details.is_null()) inner.as_object()->set("details", error.details);
  Reply reply = json_reply(codec::Json::object(
      {{"type", "error"}, {"error", std::move(inner)}, {"request_id", request_id}}));
  reply.status = error.status;
  return reply;
}

Answer<codec::Json> json_body(const Request& request) {
  if (request.body.empty()) return codec::Json::object();
  Result<codec::Json> body = codec::parse_json(request.body);
  if (!body) return invalid_request("the body is not valid JSON: " + body.error().message());
  if (!body->is_object()) return invalid_request("the body must be a JSON object");
  return *std::move(body);
}

Answer<std::optional<std::string>> string_field(const codec::Json& object, std::string_view name) {
  const codec::Json* field = object.get(name);
  if (field == nullptr || field->is_null()) return std::nullopt;
  if (field->as_string() == nullptr)
    return invalid_request(std::format("{}: must be a string", name));
  return *field->as_string();
}

Answer<std::optional<bool>> bool_field(const codec::Json& object, std::string_view name) {
  const codec::Json* field = object.get(name);
  if (field == nullptr || field->is_null()) return std::nullopt;
  if (!field->is_bool()) return invalid_request(std::format("{}: must be a boolean", name));
  return field->as_bool();
}

Answer<std::optional<std::int64_t>> number_parameter(const codec::Query& query,
                                                     std::string_view name, std::int64_t least,
                                                     std::int64_t most) {
  const std::string* text = codec::find_query(query, name);
  if (text == nullptr) return std::nullopt;
  std::int64_t value = 0;
  const char* end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, value);
  if (read.ec != std::errc() || read.ptr != end || value < least || value > most)
    return invalid_request(
        std::format("{}: must be a whole number between {} and {}", name, least, most));
  return value;
}

}  // namespace glovebox::plane
