// Text of unknown origin for a terminal or a comment, where nothing may look like something else.
#pragma once

#include <string>
#include <string_view>

namespace glovebox::codec {

// As visible_text (utf8.h), and whatever else is not printable ASCII becomes `<u00e9>`: one line,
// and no look-alike letters either.
std::string visible_ascii(std::string_view text);

}  // namespace glovebox::codec
