// The form of paths in a policy, told from their text alone.
#pragma once

#include <string_view>

namespace glovebox::policy {

// Absolute, without empty, `.` and `..` parts, without a slash at the end; at most 4096 bytes, and
// 255 in a part.
bool is_normal_path(std::string_view path);
// `path` is `folder` or lies in it. Both normal.
bool is_below(std::string_view path, std::string_view folder);

}  // namespace glovebox::policy
