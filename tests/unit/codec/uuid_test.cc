#include "codec/uuid.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>

using namespace glovebox;
using namespace glovebox::codec;

namespace {

class Filled final : public Random {
 public:
  explicit Filled(std::byte with) : with_(with) {}
  void fill(std::span<std::byte> out) override { std::ranges::fill(out, with_); }

 private:
  std::byte with_;
};

}  // namespace

TEST_CASE("what is no UUID") {
  for (const char* text :
       {"", "00000000-0000-4000-8000-00000000000", "00000000-0000-4000-8000-0000000000000",
        "00000000000000000000000000000000", "g0000000-0000-4000-8000-000000000000",
        "0000000-00000-4000-8000-000000000000", "{0000000-0000-4000-8000-00000000000}"})
    CHECK_FALSE(is_uuid(text));
  CHECK(is_uuid("F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6"));
}

TEST_CASE("version and variant stand, everything else is random") {
  Filled zeros{std::byte{0}}, ones{std::byte{0xff}};
  CHECK(uuid4(zeros) == "00000000-0000-4000-8000-000000000000");
  CHECK(uuid4(ones) == "ffffffff-ffff-4fff-bfff-ffffffffffff");
  SystemRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string uuid = uuid4(random);
    CHECK(is_uuid(uuid));
    seen.insert(uuid);
  }
  CHECK(seen.size() == 1000);
}
