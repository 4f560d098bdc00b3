// Text of unknown origin as a part of a TOML document (TOML 1.0). Only printable ASCII comes out,
// so that nothing ends its string or its comment, steers a terminal or looks like something else.
#pragma once

#include <string>
#include <string_view>

namespace glovebox::codec {

// A basic string with its quotes, which means the same text: `"a\"b"`, `"\u202e"`. What is no UTF-8
// becomes U+FFFD.
std::string toml_string(std::string_view text);
// A key: bare where it can be.
std::string toml_key(std::string_view text);

}  // namespace glovebox::codec
