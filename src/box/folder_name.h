// Names from outside as names of files.
#pragma once

#include <string>
#include <string_view>

namespace glovebox::box {

// `id` itself if it matches [A-Za-z0-9_-]{1,64}, else the hexadecimal SHA-256 of it.
std::string folder_name(std::string_view id);

}  // namespace glovebox::box
