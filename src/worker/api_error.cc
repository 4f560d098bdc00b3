#include "worker/api_error.h"

#include "codec/json.h"
#include "codec/utf8.h"

namespace glovebox::worker {

namespace {

std::string text_of(const codec::Json* json, std::string_view key) {
  const std::string* text = json ? json->get_string(key) : nullptr;
  if (!text) return {};
  return codec::replace_invalid_utf8(std::string_view(*text).substr(0, kMaxApiMessage));
}

ErrorKind kind_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return ErrorKind::denied;
    case 404:
      return ErrorKind::not_found;
    case 409:
    case 412:
      return ErrorKind::conflict;
    case 429:
      return ErrorKind::limit;
    case 408:
    case 504:
      return ErrorKind::timeout;
    default:
      return status >= 500 ? ErrorKind::io : ErrorKind::protocol;
  }
}

}  // namespace

ApiError parse_api_error(int status, std::string_view body, std::string_view request_id) {
  ApiError error;
  error.status = status;
  error.request_id = request_id;
  const auto json = codec::parse_json(body);
  if (!json) return error;
  const codec::Json* inner = json->get("error");
  error.type = text_of(inner, "type");
  error.message = text_of(inner, "message");
  error.code = text_of(inner ? inner->get("details") : nullptr, "error_code");
  if (error.request_id.empty()) error.request_id = text_of(&*json, "request_id");
  return error;
}

std::string to_string(const ApiError& error) {
  std::string text = std::to_string(error.status);
  if (!error.type.empty()) text += " " + error.type;
  if (!error.code.empty()) text += " " + error.code;
  if (!error.message.empty()) text += ": " + error.message;
  if (!error.request_id.empty()) text += " (request " + error.request_id + ")";
  return text;
}

Error to_error(const ApiError& error, std::string_view what) {
  return Error(kind_of(error.status), to_string(error)).with_context(what);
}

}  // namespace glovebox::worker
