#include "codec/digest.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace glovebox;
using namespace glovebox::codec;

TEST_CASE("a digest is read from 64 small digits only") {
  const std::string good = sha256("abc").hex();
  for (const std::string& bad : {std::string(), good.substr(1), good + "0", std::string(64, 'A'),
                                 std::string(64, 'g'), " " + good.substr(1)})
    CHECK_FALSE(Sha256Digest::parse_hex(bad));
  CHECK(Sha256Digest::parse_hex(good).value() == sha256("abc"));
}

TEST_CASE("SHA-256 of FIPS 180-4") {
  CHECK(sha256("").hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").hex() ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256(std::string(1'000'000, 'a')).hex() ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a digest of parts is that of the whole, at every split, and the object starts anew") {
  const std::string text(150, 'x');
  Sha256 hash;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    hash.update(std::string_view(text).substr(0, at)).update(std::string_view(text).substr(at));
    CHECK(hash.finish() == sha256(text));
  }
  CHECK(hash.finish() == sha256(""));
}
