// A file that a command was asked to write.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace glovebox::cli {

constexpr unsigned kReadableByAll = 0644;
constexpr unsigned kReadableByOwner = 0600;

// Whole or not at all, in place of a file that is there. Never over something that is no file: the
// name would be taken from whoever else uses it. Errors: invalid (not the name of a file), exists
// (no file), those of the kernel.
Result<void> write_output_file(const std::string& path, std::string_view bytes, unsigned mode);

}  // namespace glovebox::cli
