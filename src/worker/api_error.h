// The error envelope of the control plane, for messages. Decisions are made by status and
// `error_code`, never by the text. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace glovebox::worker {

struct ApiError {
  int status = 0;
  std::string type;     // `not_found_error`; empty if the body had none
  std::string code;     // details.error_code
  std::string message;  // cut to kMaxApiMessage bytes
  std::string request_id;
};
constexpr std::size_t kMaxApiMessage = 300;

// `request_id` is that of the response's header; the body's is taken if it is empty. A body that
// is no envelope gives the status alone.
ApiError parse_api_error(int status, std::string_view body, std::string_view request_id);

// `401 authentication_error: invalid key (request req_1)`
std::string to_string(const ApiError& error);

// Kind: denied for 401 and 403, not_found for 404, conflict for 409 and 412, limit for 429,
// timeout for 408 and 504, io for other 5xx, else protocol.
Error to_error(const ApiError& error, std::string_view what);

}  // namespace glovebox::worker
