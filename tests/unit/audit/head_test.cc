#include "audit/head.h"

#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <string>

#include "support.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

TEST_CASE("a head of a name that is no key name is not signed") {
  const codec::Ed25519PrivateKey key = test_key();
  for (const char* origin : {"", "a b", "a+b", "a\nb"}) {
    CAPTURE(origin);
    CHECK_FALSE(sign_head({.origin = origin, .size = 1}, key));
  }
}

TEST_CASE("a head reads back as it was signed") {
  const codec::Ed25519PrivateKey key = test_key();
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{50},
                                   std::numeric_limits<std::uint64_t>::max()}) {
    const Head head{.origin = "test/audit", .size = size, .last = codec::sha256("x")};
    const std::string note = sign_head(head, key).value();
    CAPTURE(note);
    CHECK(note.size() <= kMaxHeadBytes);
    CHECK(open_head(note, note_key(key)).value() == head);
    CHECK(open_head(note, note_key(test_key(9))).error().kind() == ErrorKind::denied);
    CHECK(open_head(note.substr(0, note.size() - 1), note_key(key)).error().kind() ==
          ErrorKind::invalid);
  }
}
