#include "tools/reason.h"

#include <cerrno>
#include <format>

namespace glovebox::tools {

std::string reason(const Error& error) {
  switch (error.error_number()) {
    case 0:
      return "i/o error";
    case ENOENT:
      return "no such file or directory";
    case EACCES:
    case EPERM:
      return "permission denied";
    case ENOTDIR:
      return "not a directory";
    case EISDIR:
      return "is a directory";
    case ELOOP:
      return "too many levels of symbolic links";
    case ENAMETOOLONG:
      return "file name too long";
    case ENOSPC:
      return "no space left on device";
    case EROFS:
      return "read-only file system";
    case EBUSY:
      return "the policy guards this name, it cannot be replaced";
    case EMFILE:
    case ENFILE:
      return "too many open files";
    default:
      return std::format("i/o error ({})", errno_name(error.error_number()));
  }
}

ToolResult failed_on(std::string_view tool, std::string_view given, const Error& error) {
  return error_result(std::format("{}: {}: {}", tool, given, reason(error)));
}

}  // namespace glovebox::tools
