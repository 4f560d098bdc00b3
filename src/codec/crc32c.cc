#include "codec/crc32c.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace glovebox::codec {

namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // reflected
constexpr std::size_t kStep = sizeof(std::uint64_t);

// kTables[k][b]: what byte b does when k more bytes of zeros follow it.
using Tables = std::array<std::array<std::uint32_t, 256>, kStep>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = value;
  }
  for (std::size_t k = 1; k < kStep; ++k)
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t value = tables[k - 1][byte];
      tables[k][byte] = (value >> 8) ^ tables[0][value & 0xff];
    }
  return tables;
}

constexpr Tables kTables = make_tables();

std::uint64_t load(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

#if defined(__x86_64__)
[[gnu::target("sse4.2")]] std::uint32_t by_instruction(std::string_view bytes,
                                                       std::uint32_t before) {
  std::uint64_t value = ~before;
  for (; bytes.size() >= kStep; bytes.remove_prefix(kStep))
    value = _mm_crc32_u64(value, load(bytes.data()));
  auto narrow = static_cast<std::uint32_t>(value);
  for (const char byte : bytes) narrow = _mm_crc32_u8(narrow, static_cast<std::uint8_t>(byte));
  return ~narrow;
}
#endif

}  // namespace

std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before) {
  std::uint32_t value = ~before;
  for (; bytes.size() >= kStep; bytes.remove_prefix(kStep)) {
    const std::uint64_t word = load(bytes.data()) ^ value;
    value = 0;
    for (std::size_t k = 0; k < kStep; ++k)
      value ^= kTables[kStep - 1 - k][(word >> (8 * k)) & 0xff];
  }
  for (const char byte : bytes)
    value = (value >> 8) ^ kTables[0][(value ^ static_cast<std::uint8_t>(byte)) & 0xff];
  return ~value;
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return by_instruction(bytes, before);
#endif
  return crc32c_by_table(bytes, before);
}

}  // namespace glovebox::codec
