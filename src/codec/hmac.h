// HMAC-SHA-256 (RFC 2104), from BoringSSL.
#pragma once

#include <string_view>

#include "codec/digest.h"

namespace glovebox::codec {

// Two codes are compared with equal_secrets (base/secret.h).
Sha256Digest hmac_sha256(std::string_view key, std::string_view message);

}  // namespace glovebox::codec
