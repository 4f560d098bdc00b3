#include "codec/base64.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace glovebox;
using namespace glovebox::codec;

TEST_CASE("text that is not the one base64 of its bytes is refused") {
  const struct {
    const char* name;
    const char* text;
  } rows[] = {
      {"one character", "A"},
      {"no padding", "Zg"},
      {"half a padding", "Zg="},
      {"too much padding", "Zg==="},
      {"padding alone", "===="},
      {"padding within", "Zg==Zg=="},
      {"a space", "Zm 9"},
      {"a line feed", "Zm9v\n"},
      {"the other alphabet", "-_-_"},
      {"a foreign character", "Zm9*"},
      {"bits beyond the last byte", "Zh=="},
      {"bits beyond the last two bytes", "Zm9="},
      {"not ASCII", "Zm\xc3\xb6"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(base64_decode(row.text).error().kind() == ErrorKind::invalid);
    }
  }
}

TEST_CASE("base64 of RFC 4648 section 10") {
  const struct {
    const char* bytes;
    const char* text;
  } rows[] = {{"", ""},
              {"f", "Zg=="},
              {"fo", "Zm8="},
              {"foo", "Zm9v"},
              {"foob", "Zm9vYg=="},
              {"fooba", "Zm9vYmE="},
              {"foobar", "Zm9vYmFy"}};
  for (const auto& row : rows) {
    CHECK(base64_encode(row.bytes) == row.text);
    CHECK(base64_decode(row.text).value() == row.bytes);
  }
}

TEST_CASE("every byte at every place goes there and back") {
  for (std::size_t length = 1; length <= 4; ++length) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string bytes(length, '\xa5');
      bytes.back() = static_cast<char>(byte);
      CHECK(base64_decode(base64_encode(bytes)).value() == bytes);
      CHECK(base64url_decode(base64url_encode(bytes)).value() == bytes);
    }
  }
}

TEST_CASE("base64url has its own alphabet and the padding that is asked for") {
  CHECK(base64url_encode("\xfb\xff\xbf") == "-_-_");
  CHECK(base64url_encode("f") == "Zg");
  CHECK_FALSE(base64url_decode("+/+/"));
  CHECK_FALSE(base64url_decode("Zg", Base64Padding::required));
  CHECK_FALSE(base64url_decode("Zg==", Base64Padding::forbidden));
  CHECK_FALSE(base64url_decode("Zg="));
  CHECK_FALSE(base64url_decode("Zh"));
  CHECK(base64url_decode("Zg").value() == "f");
  CHECK(base64url_decode("Zg==").value() == "f");
  CHECK(base64url_decode("Zg==", Base64Padding::required).value() == "f");
}
