// What goes in and out of the plane's core: HTTP messages as values, and API errors.
//
// The core does no I/O. The shell (server.h) turns bytes into a Request and a Reply into bytes.
// Header names in a Request are in lower case.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/json.h"
#include "codec/url.h"

namespace glovebox::plane {

struct Header {
  std::string name;
  std::string value;
  bool operator==(const Header&) const = default;
};

struct Request {
  std::string method;
  std::string path;  // as received, without the query, escapes not decoded
  codec::Query query;
  std::vector<Header> headers;
  std::string body;

  // The first field of that name, or nullptr.
  const std::string* header(std::string_view name) const;
};

struct Reply {
  int status = 200;
  std::vector<Header> headers;
  std::string body;
};

Reply json_reply(const codec::Json& body);

// An error as the API reports it. Clients match on type and details.error_code, never on text.
struct ApiError {
  int status;
  std::string type;
  std::string message;
  codec::Json details;  // null: none
};

// Either a T or the ApiError to answer with; TRY of base/result.h works on it.
template <class T>
class [[nodiscard]] Answer : public std::expected<T, ApiError> {
 public:
  using std::expected<T, ApiError>::expected;
  // Implicit, as that of Result is: an error is returned as it is.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Answer(ApiError error) : std::expected<T, ApiError>(std::unexpect, std::move(error)) {}
};

ApiError invalid_request(std::string message);  // 400
ApiError invalid_request(std::string message, std::string_view error_code);
ApiError unauthenticated(std::string message);  // 401
ApiError forbidden(std::string message);        // 403
ApiError not_found(std::string message);        // 404
ApiError conflict(std::string message);         // 409

// The error type that belongs to a status, for faults: `overloaded_error` for 529.
std::string_view error_type_of(int status);

Reply error_reply(const ApiError& error, std::string_view request_id);

// The body as an object; an empty body counts as {}. Error: 400 with the parser's line and column.
Answer<codec::Json> json_body(const Request& request);

// The members `name` of a JSON object with the type that the field must have. Absent and null
// give nothing; another type is 400 naming the field.
Answer<std::optional<std::string>> string_field(const codec::Json& object, std::string_view name);
Answer<std::optional<bool>> bool_field(const codec::Json& object, std::string_view name);

// A query parameter that must be a whole number within [least, most].
Answer<std::optional<std::int64_t>> number_parameter(const codec::Query& query,
                                                     std::string_view name, std::int64_t least,
                                                     std::int64_t most);

}  // namespace glovebox::plane
