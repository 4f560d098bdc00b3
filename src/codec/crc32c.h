// CRC-32C (Castagnoli; RFC 3720 §12.1 and appendix B.4): finds damage, never forgery.
#pragma once

#include <cstdint>
#include <string_view>

namespace glovebox::codec {

// `before` is the value over the bytes in front: crc32c(b, crc32c(a)) is crc32c of a and b. About
// 8 bytes a nanosecond where the processor has an instruction for it (SSE4.2).
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

// What crc32c() does on a processor without that instruction.
std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before = 0);

}  // namespace glovebox::codec
