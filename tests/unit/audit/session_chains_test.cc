#include "audit/session_chains.h"

#include <catch2/catch_test_macros.hpp>

using namespace glovebox;
using namespace glovebox::audit;

TEST_CASE("more sessions than it can know are refused, known ones go on") {
  SessionChains chains(2);
  REQUIRE(chains.set("a", codec::sha256("1")));
  REQUIRE(chains.set("b", codec::sha256("2")));
  CHECK(chains.may_set("c").error().kind() == ErrorKind::limit);
  CHECK(chains.set("c", codec::sha256("3")).error().kind() == ErrorKind::limit);
  CHECK(chains.set("a", codec::sha256("4")));
  CHECK(chains.set("", codec::sha256("5")));
  CHECK(chains.sessions() == 2);
  CHECK(chains.previous("c") == codec::Sha256Digest{});
}

TEST_CASE("each session has a chain of its own, and so have records of none") {
  SessionChains chains;
  CHECK(chains.previous("a") == codec::Sha256Digest{});
  CHECK(chains.previous("") == codec::Sha256Digest{});
  REQUIRE(chains.set("", codec::sha256("0")));
  REQUIRE(chains.set("a", codec::sha256("1")));
  REQUIRE(chains.set("b", codec::sha256("2")));
  REQUIRE(chains.set("a", codec::sha256("3")));
  CHECK(chains.previous("") == codec::sha256("0"));
  CHECK(chains.previous("a") == codec::sha256("3"));
  CHECK(chains.previous("b") == codec::sha256("2"));
  CHECK(chains.sessions() == 2);
}
