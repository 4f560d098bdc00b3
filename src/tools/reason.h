// Why a file operation failed, in the words of the contract: the same on every host, and never a
// path of the host.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "tools/result.h"

namespace glovebox::tools {

// `no such file or directory`, …, else `i/o error (ENAME)`, or `i/o error` without an errno.
std::string reason(const Error& error);

// `<tool>: <path as given>: <reason>`
ToolResult failed_on(std::string_view tool, std::string_view given, const Error& error);

}  // namespace glovebox::tools
