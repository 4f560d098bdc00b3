#include "audit/record_rules.h"

#include <catch2/catch_test_macros.hpp>
#include <functional>

#include "../salted_record.h"

#include "tile_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

// Records as they stand in a log, made one by one with everything said.
struct Made {
  RecordKind kind;
  std::string session = {};
  std::string tool_use = {};
  std::int64_t wall_ms = 0;
  std::int64_t boot_ms = 0;
  std::string boot = "b1";
};

struct Taker {
  HeldRandom random;
  RecordRules rules{random};
  SessionChains chains;

  Result<void> take(const Made& made, std::optional<codec::Sha256Digest> previous = {}) {
    const RecordStamp stamp{.wall = {1'795'534'951'000'000 + 1000 * made.wall_ms},
                            .since_boot = milliseconds(made.boot_ms),
                            .boot_id = made.boot,
                            .previous = previous.value_or(chains.previous(made.session))};
    const std::string line =
        glovebox::test::salted_record(made.kind, stamp, made.session, made.tool_use, {}).value();
    const auto leaf = codec::leaf_hash(line);
    TRY(rules.take(RecordHeadReader().read(line).value(), leaf));
    return chains.set(made.session, leaf);
  }
};

constexpr RecordKind kBoot = RecordKind::boot;
constexpr RecordKind kStop = RecordKind::stop;
constexpr RecordKind kIntent = RecordKind::tool_intent;
constexpr RecordKind kResult = RecordKind::tool_result;
constexpr RecordKind kOrphan = RecordKind::tool_orphan;
constexpr RecordKind kDeny = RecordKind::tool_deny;

}  // namespace

TEST_CASE("what a rule forbids is refused") {
  const struct {
    const char* name;
    std::vector<Made> before;
    Made bad;
  } rows[] = {
      {"no boot first", {}, {kIntent, "s", "t"}},
      {"a second boot", {{kBoot}}, {kBoot}},
      {"another run without boot", {{kBoot}}, {kIntent, "s", "t", 0, 0, "b2"}},
      {"a run that comes back",
       {{kBoot}, {kBoot, "", "", 0, 0, "b2"}},
       {kIntent, "s", "t", 0, 0, "b1"}},
      {"a run that boots again", {{kBoot}, {kBoot, "", "", 0, 0, "b2"}}, {kBoot}},
      {"behind stop", {{kBoot}, {kStop}}, {kIntent, "s", "t"}},
      {"stop before boot", {}, {kStop}},
      {"time since boot that goes back", {{kBoot, "", "", 5, 5}}, {kStop, "", "", 6, 4}},
      {"a second intent", {{kBoot}, {kIntent, "s", "t"}}, {kIntent, "s", "t"}},
      {"a second intent by another session", {{kBoot}, {kIntent, "s", "t"}}, {kIntent, "r", "t"}},
      {"a result without intent", {{kBoot}}, {kResult, "s", "t"}},
      {"a result of another session", {{kBoot}, {kIntent, "s", "t"}}, {kResult, "r", "t"}},
      {"a second result", {{kBoot}, {kIntent, "s", "t"}, {kResult, "s", "t"}}, {kResult, "s", "t"}},
      {"an orphan that has a result",
       {{kBoot}, {kIntent, "s", "t"}, {kResult, "s", "t"}},
       {kOrphan, "s", "t"}},
      {"a denial of a call that was started", {{kBoot}, {kIntent, "s", "t"}}, {kDeny, "s", "t"}},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      Taker taker;
      for (const Made& made : row.before) REQUIRE(taker.take(made));
      CHECK_FALSE(taker.take(row.bad));
    }
  }
}

TEST_CASE("a record that is not behind the last of its session is refused") {
  Taker taker;
  REQUIRE(taker.take({kBoot}));
  REQUIRE(taker.take({kIntent, "s", "t"}));
  const auto of_s = taker.chains.previous("s");
  const auto of_none = taker.chains.previous("");
  CHECK_FALSE(taker.take({kResult, "s", "t"}, codec::Sha256Digest{}));
  CHECK_FALSE(taker.take({kResult, "s", "t"}, of_none));
  CHECK_FALSE(taker.take({kIntent, "r", "u"}, of_s));
  CHECK_FALSE(taker.take({kStop}, of_s));
}

TEST_CASE("a log that keeps the rules is taken and counted") {
  Taker taker;
  for (const Made& made : std::vector<Made>{
           {kBoot},
           {RecordKind::session_open, "s"},
           {kIntent, "s", "t"},
           {kIntent, "r", "u", 1, 1},
           {kDeny, "s", "v", 1, 1},
           {kIntent, "s", "v", 1, 1},
           {kResult, "s", "t", 2, 2},
           {kStop, "", "", 3, 3},
           // The epoch is sealed and what was cut is said before `boot`; the machine was started
           // anew.
           {RecordKind::epoch_rotate, "", "", 4, 0, "b2"},
           {RecordKind::recovery, "", "", 4, 0, "b2"},
           {RecordKind::gap, "", "", 4, 0, "b2"},
           {kBoot, "", "", 4, 1, "b2"},
           {kOrphan, "r", "u", 4, 1, "b2"},
           {RecordKind::session_close, "s", "", 4, 1, "b2"},
           // A run that was killed has no `stop`.
           {kBoot, "", "", 5, 2, "b3"},
       }) {
    CAPTURE(to_string(made.kind));
    REQUIRE(taker.take(made));
  }
  CHECK(taker.rules.open_calls() == 1);
  CHECK(taker.rules.chains().sessions() == 2);
  CHECK(taker.rules.calls().size() == 3);
  CHECK(taker.rules.clock_steps() == 0);
}

TEST_CASE("a wall clock that is set is counted, not refused") {
  Taker taker;
  REQUIRE(taker.take({kBoot, "", "", 0, 0}));
  REQUIRE(taker.take({kIntent, "s", "a", 900, 0}));            // drift
  REQUIRE(taker.take({kIntent, "s", "b", 3'600'000, 10}));     // an hour on
  REQUIRE(taker.take({kIntent, "s", "c", -3'600'000, 20}));    // two hours back
  REQUIRE(taker.take({kIntent, "s", "d", -3'599'000, 1020}));  // runs on
  REQUIRE(taker.take({kBoot, "", "", 0, 0, "b2"}));            // another run: not compared
  CHECK(taker.rules.clock_steps() == 2);
}
