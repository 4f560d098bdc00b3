#include "audit/origin.h"

#include <catch2/catch_test_macros.hpp>

#include "codec/note.h"

using namespace glovebox;
using namespace glovebox::audit;

namespace {
constexpr WallTime kNow{1'795'534'951'000'000};
}

TEST_CASE("a part that would not stand in a name is refused") {
  for (const std::string& part :
       {std::string(), std::string("a b"), std::string("a+b"), std::string("a/b"),
        std::string("a\nb"), std::string("\xc3\xa9"), std::string(kMaxOriginPart + 1, 'a')}) {
    CAPTURE(part);
    CHECK(log_origin(part, "m", kNow).error().kind() == ErrorKind::invalid);
    CHECK(log_origin("example.com", part, kNow).error().kind() == ErrorKind::invalid);
  }
}

TEST_CASE("a log is named after organisation, machine and year") {
  const std::string origin = log_origin("example.com", "build-7", kNow).value();
  CHECK(origin == "example.com/glovebox/build-7/2026");
  CHECK(codec::NoteKey::make(origin, {}));
  CHECK(log_origin("a", "b", {0})->ends_with("/1970"));
  CHECK(log_origin(std::string(kMaxOriginPart, 'a'), std::string(kMaxOriginPart, 'b'), kNow));
}

TEST_CASE("a log that nobody named is named after the machine") {
  CHECK(default_origin("build-7", kNow) == "local/glovebox/build-7/2026");
  CHECK(default_origin("", kNow) == "local/glovebox/unnamed/2026");
  CHECK(default_origin("a b+c/\n\xff", kNow) == "local/glovebox/a_b_c___/2026");
  CHECK(codec::NoteKey::make(default_origin(std::string(500, 'x'), kNow), {}));
}
