#include "base/error.h"

#include <string.h>

#include <cerrno>
#include <format>
#include <utility>

namespace glovebox {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return "invalid";
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::exists:
      return "exists";
    case ErrorKind::denied:
      return "denied";
    case ErrorKind::limit:
      return "limit";
    case ErrorKind::unsupported:
      return "unsupported";
    case ErrorKind::timeout:
      return "timeout";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::closed:
      return "closed";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::io:
      return "io";
    case ErrorKind::protocol:
      return "protocol";
    case ErrorKind::internal:
      return "internal";
  }
  return "internal";
}

namespace {

ErrorKind kind_of(int error_number) {
  switch (error_number) {
    case ENOENT:
      return ErrorKind::not_found;
    case EEXIST:
      return ErrorKind::exists;
    case EPERM:
    case EACCES:
    case EROFS:
      return ErrorKind::denied;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case E2BIG:
      return ErrorKind::limit;
    case ENOSYS:
    case EOPNOTSUPP:
    case EAFNOSUPPORT:
      return ErrorKind::unsupported;
    case ETIMEDOUT:
      return ErrorKind::timeout;
    case ECANCELED:
      return ErrorKind::cancelled;
    case EPIPE:
    case ECONNRESET:
    case ECONNREFUSED:
      return ErrorKind::closed;
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP:
    case ENOTDIR:
    case EISDIR:
      return ErrorKind::invalid;
    default:
      return ErrorKind::io;
  }
}

}  // namespace

std::string errno_name(int error_number) {
  const char* name = strerrorname_np(error_number);
  return name != nullptr ? std::string(name) : std::format("E{}", error_number);
}

Error::Error(ErrorKind kind, std::string message, std::source_location where)
    : kind_(kind), message_(std::move(message)), where_(where) {}

Error Error::from_errno(int error_number, std::string_view what, std::source_location where) {
  Error error(kind_of(error_number), std::format("{}: {}", what, errno_name(error_number)), where);
  error.errno_ = error_number;
  return error;
}

Error Error::with_context(std::string_view what) && {
  message_ = std::format("{}: {}", what, message_);
  return std::move(*this);
}

}  // namespace glovebox
