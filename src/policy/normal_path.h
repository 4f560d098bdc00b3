// The one form in which a policy names a path.
#pragma once

#include <string_view>

namespace glovebox::policy {

// Absolute, without empty, `.` and `..` parts, without a slash at the end; at most 4,096 bytes,
// 255 a part.
bool is_normal_path(std::string_view path);
// `path` is `folder` or lies below it. Both normal; by name only.
bool is_below(std::string_view path, std::string_view folder);

}  // namespace glovebox::policy
