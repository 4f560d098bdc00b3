#include "egress/leaf_cache.h"

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <string>

namespace glovebox::egress {
namespace {

using std::chrono::hours;

constexpr WallTime kNow{1'796'000'000'000'000};

WallTime later(Duration by, WallTime from = kNow) {
  return {from.microseconds + std::chrono::duration_cast<microseconds>(by).count()};
}

codec::Host host(std::string_view text) {
  return codec::parse_host(text).value();
}

struct Fixture {
  LeafCache cache{Authority::make("h", kNow).value()};
  std::shared_ptr<const net::ServerIdentity> get(std::string_view name, WallTime now = kNow) {
    return cache.identity_for(host(name), now).value();
  }
};

TEST_CASE("a name that is asked for again gets the same leaf") {
  Fixture f;
  const auto a = f.get("a.example");
  const auto b = f.get("b.example");
  CHECK(a != b);
  CHECK(f.get("a.example") == a);
  CHECK(f.get("A.example") == a);
  CHECK(f.get("b.example") == b);
  CHECK(f.get("10.0.0.1") == f.get("10.0.0.1"));
  CHECK(f.cache.size() == 3);
}

TEST_CASE("a leaf is made anew before it ends, and when the clock stepped back before it began") {
  Fixture f;
  const auto first = f.get("a.example", later(hours(10)));
  const WallTime due = later(hours(10) + kLeafLife - kLeafRenewal);
  CHECK(f.get("a.example", later(-seconds(1), due)) == first);
  const auto second = f.get("a.example", due);
  CHECK(second != first);
  CHECK(f.get("a.example", due) == second);
  const auto third = f.get("a.example", later(hours(5)));
  CHECK(third != second);
  CHECK(f.cache.size() == 1);
}

TEST_CASE("at the authority's own end a leaf is kept, and after it there is none") {
  Fixture f;
  const WallTime end = f.cache.authority().ends();
  const auto last = f.get("a.example", later(-seconds(600), end));
  CHECK(f.get("a.example", later(-seconds(1), end)) == last);
  const auto got = f.cache.identity_for(host("a.example"), end);
  REQUIRE_FALSE(got);
  CHECK(got.error().kind() == ErrorKind::conflict);
  CHECK_FALSE(f.cache.identity_for(host("b.example"), end));
  CHECK(f.cache.size() == 1);
}

TEST_CASE("the leaf that was used longest ago makes room") {
  Fixture f;
  const auto name = [](std::size_t i) { return "n" + std::to_string(i) + ".example"; };
  const auto kept = f.get(name(0));
  const auto gone = f.get(name(1));
  for (std::size_t i = 2; i < kMaxCachedLeaves; ++i) (void)f.get(name(i));
  CHECK(f.cache.size() == kMaxCachedLeaves);
  CHECK(f.get(name(0)) == kept);
  (void)f.get(name(kMaxCachedLeaves));
  CHECK(f.cache.size() == kMaxCachedLeaves);
  CHECK(f.get(name(0)) == kept);
  CHECK(gone.use_count() == 1);
  CHECK(f.get(name(1)) != gone);
  CHECK(f.cache.size() == kMaxCachedLeaves);
}

}  // namespace
}  // namespace glovebox::egress
