#include "roles/token_shelf.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "os/memfd.h"

using namespace glovebox;
using namespace glovebox::roles;

namespace {

Result<TokenShelf::Taken> put(TokenShelf& shelf, std::string item, Duration now = {}) {
  return shelf.put(std::move(item), os::sealed_memfd("secret", "a token").value(), now);
}

std::vector<std::string> items(const TokenShelf& shelf) {
  std::vector<std::string> names;
  for (const auto& token : shelf.tokens()) names.push_back(token.item);
  return names;
}

using Items = std::vector<std::string>;
using Numbers = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("a full shelf takes nothing while no item has ended for long enough") {
  TokenShelf shelf(2);
  REQUIRE(put(shelf, "a"));
  REQUIRE(put(shelf, "b"));
  CHECK(put(shelf, "c").error().kind() == ErrorKind::limit);
  shelf.end_item("a", seconds(100));
  CHECK(put(shelf, "c", seconds(100) + kKeptAfterEnd - seconds(1)).error().kind() ==
        ErrorKind::limit);
  CHECK(items(shelf) == Items{"a", "b"});
  const auto taken = put(shelf, "c", seconds(100) + kKeptAfterEnd);
  REQUIRE(taken);
  CHECK(taken->number == 3);
  CHECK(taken->given_up == Numbers{1});
  CHECK(items(shelf) == Items{"b", "c"});
}

TEST_CASE("what is told again neither takes the place of what was told nor ends later") {
  TokenShelf shelf(3);
  REQUIRE(put(shelf, "a"));
  REQUIRE(put(shelf, "a"));
  CHECK(items(shelf) == Items{"a", "a"});
  shelf.end_item("a", seconds(10));
  shelf.end_item("a", seconds(500));
  shelf.end_item("nobody's", seconds(1));
  REQUIRE(put(shelf, "a"));
  CHECK(put(shelf, "b", seconds(10) + kKeptAfterEnd)->given_up == Numbers{1});
  CHECK(put(shelf, "c", seconds(10) + kKeptAfterEnd)->given_up == Numbers{2});
  // The one that was told after the end belongs to an item that goes on.
  CHECK(put(shelf, "d", seconds(100'000)).error().kind() == ErrorKind::limit);
}

TEST_CASE("all of a worker's items end with it; with room, what has ended stays") {
  TokenShelf shelf(3);
  REQUIRE(put(shelf, "a"));
  REQUIRE(put(shelf, "b"));
  shelf.end_all(seconds(5));
  CHECK(put(shelf, "c", seconds(100'000))->given_up.empty());
  CHECK(items(shelf) == Items{"a", "b", "c"});
  CHECK(put(shelf, "d", seconds(100'000))->given_up == Numbers{1});
  shelf.remove(3);
  CHECK(items(shelf) == Items{"b", "d"});
}
