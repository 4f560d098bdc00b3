// Hexadecimal text: written in lower case; read in either case, two digits per byte, no prefix.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace glovebox::codec {

std::string hex_encode(std::string_view bytes);
Result<std::string> hex_decode(std::string_view text);

// The value of one hexadecimal digit, or -1.
int hex_digit(char c);

}  // namespace glovebox::codec
