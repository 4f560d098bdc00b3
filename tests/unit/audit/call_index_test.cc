#include "audit/call_index.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

struct Fixture {
  HeldRandom random;
  CallIndex calls{random};
};

}  // namespace

TEST_CASE_METHOD(Fixture, "what the rules of a call forbid is refused and changes nothing") {
  REQUIRE(calls.start("s1", "open"));
  REQUIRE(calls.start("s1", "done"));
  REQUIRE(calls.end("s1", "done", CallState::finished));
  REQUIRE(calls.start("s1", "lost"));
  REQUIRE(calls.end("s1", "lost", CallState::orphaned));

  const struct {
    const char* name;
    const char* session;
    const char* call;
    ErrorKind kind;
    CallState stays;
  } ends[] = {
      {"no intent", "s1", "new", ErrorKind::not_found, CallState::unknown},
      {"of another session", "s2", "open", ErrorKind::denied, CallState::started},
      {"a second result", "s1", "done", ErrorKind::conflict, CallState::finished},
      {"a result of what was given up", "s1", "lost", ErrorKind::conflict, CallState::orphaned},
      {"ended, from another session", "s2", "done", ErrorKind::denied, CallState::finished},
  };
  for (const auto& row : ends) {
    DYNAMIC_SECTION(row.name) {
      CHECK(calls.may_end(row.session, row.call).error().kind() == row.kind);
      CHECK(calls.end(row.session, row.call, CallState::finished).error().kind() == row.kind);
      CHECK(calls.find(row.call) == row.stays);
    }
  }
  for (const char* known : {"open", "done", "lost"}) {
    DYNAMIC_SECTION("a second intent of " << known) {
      CHECK(calls.may_start(known).error().kind() == ErrorKind::exists);
      CHECK(calls.start("s1", known).error().kind() == ErrorKind::exists);
      CHECK(calls.start("s9", known).error().kind() == ErrorKind::exists);
    }
  }
  CHECK(calls.size() == 3);
}

TEST_CASE("a full index refuses new calls and still ends old ones") {
  HeldRandom random;
  CallIndex calls(random, 2);
  REQUIRE(calls.start("s", "a"));
  REQUIRE(calls.start("s", "b"));
  CHECK(calls.may_start("c").error().kind() == ErrorKind::limit);
  CHECK(calls.start("s", "c").error().kind() == ErrorKind::limit);
  CHECK(calls.end("s", "a", CallState::finished));
  CHECK(calls.may_start("c").error().kind() == ErrorKind::limit);
}

TEST_CASE_METHOD(Fixture, "every call is found again while the index grows") {
  constexpr int kCalls = 5000;
  const auto name = [](int i) { return "toolu_" + std::to_string(i); };
  for (int i = 0; i < kCalls; ++i) {
    REQUIRE(calls.start("s" + std::to_string(i % 7), name(i)));
    if (i % 3 == 0) {
      REQUIRE(calls.end("s" + std::to_string(i % 7), name(i), CallState::finished));
    }
  }
  CHECK(calls.size() == kCalls);
  int wrong = 0;
  for (int i = 0; i < kCalls; ++i)
    wrong += calls.find(name(i)) != (i % 3 == 0 ? CallState::finished : CallState::started);
  CHECK(wrong == 0);
  CHECK(calls.find(name(kCalls)) == CallState::unknown);
}

TEST_CASE_METHOD(Fixture, "a session's name is not a call's") {
  REQUIRE(calls.start("x", "y"));
  CHECK(calls.find("x") == CallState::unknown);
}
