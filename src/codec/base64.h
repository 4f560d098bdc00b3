// base64 and base64url (RFC 4648), strict: no white space, no foreign characters, no bits set
// beyond the last byte, padding as asked. So one sequence of bytes has one text.
//
// Not constant in time. A decoded secret goes straight into Secret::take.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace glovebox::codec {

enum class Base64Padding { required, forbidden, optional };

// Standard alphabet, padded.
std::string base64_encode(std::string_view bytes);
Result<std::string> base64_decode(std::string_view text);

// URL alphabet; written without padding.
std::string base64url_encode(std::string_view bytes);
Result<std::string> base64url_decode(std::string_view text,
                                     Base64Padding padding = Base64Padding::optional);

}  // namespace glovebox::codec
