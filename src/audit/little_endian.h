// Numbers in the files of the write-ahead log: fixed width, the lowest byte first.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace glovebox::audit {

static_assert(std::endian::native == std::endian::little);

// The caller has made sure that the bytes are there.
template <std::unsigned_integral Number>
Number number_at(std::string_view bytes, std::size_t at) {
  Number number = 0;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

template <std::unsigned_integral Number>
void set_number(std::string& bytes, std::size_t at, Number number) {
  std::memcpy(bytes.data() + at, &number, sizeof number);
}

}  // namespace glovebox::audit
