#include "codec/hex.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace glovebox;
using namespace glovebox::codec;

TEST_CASE("what is not pairs of digits is refused") {
  for (const char* text : {"0", "000", "0g", "g0", "0x00", " 00", "00 ", "0\xff"})
    CHECK_FALSE(hex_decode(text));
}

TEST_CASE("every byte goes there and back, small and capital") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  CHECK(hex_decode(hex_encode(all)).value() == all);
  CHECK(hex_encode("\x01\xab") == "01ab");
  CHECK(hex_decode("ABcd").value() == "\xab\xcd");
  CHECK(hex_decode("").value().empty());
  CHECK(hex_digit('f') == 15);
  CHECK(hex_digit('G') == -1);
}
