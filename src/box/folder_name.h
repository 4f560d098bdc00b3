// Names from outside as names of files.
#pragma once

#include <string>
#include <string_view>

namespace glovebox::box {

// `id` itself if it matches [A-Za-z0-9_-]{1,64} and does not look like a digest (64 of 0-9a-f),
// else the hexadecimal SHA-256 of it. So no id has the name that another one's digest is, and two
// ids have one name only if SHA-256 collides.
std::string folder_name(std::string_view id);

}  // namespace glovebox::box
