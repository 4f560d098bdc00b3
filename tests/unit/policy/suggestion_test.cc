#include "policy/suggestion.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace glovebox::policy {
namespace {

TEST_CASE("only a near word is suggested") {
  CHECK(nearest("", {"at"}).empty());
  CHECK(nearest("x", {"at"}).empty());
  CHECK(nearest("xy", {"at"}).empty());
  CHECK(nearest("completely", {"at", "mode"}).empty());
  CHECK(nearest(std::string(100'000, 'a'), {"at"}).empty());
  CHECK(nearest("mdoe", {"at", "mode"}) == "did you mean `mode`?");
  CHECK(nearest("mount", {"mounts", "mode"}) == "did you mean `mounts`?");
  CHECK(nearest("limit", {"limits"}) == "did you mean `limits`?");
}

}  // namespace
}  // namespace glovebox::policy
