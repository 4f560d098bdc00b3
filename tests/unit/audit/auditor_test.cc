#include "audit/auditor.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "audit/bounded_value.h"
#include "codec/merkle.h"
#include "support.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;
using codec::Json;
using codec::JsonObject;

namespace {

// A store whose device fails when it is told to.
class FakeStore final : public RecordStore {
 public:
  std::uint64_t size() const override { return lines.size(); }
  bool has_room() const override { return !full; }
  Result<std::optional<Seal>> begin_seal(const RecordTime& now) override {
    asked.push_back(now);
    if (seal_fails) return Error(ErrorKind::conflict, "epoch.key: moved");
    return std::exchange(seal, std::nullopt);
  }
  Result<RecordPlace> append(std::string_view record, const std::optional<Salt>& salt) override {
    if (full) return Error(ErrorKind::limit, "full");
    lines.emplace_back(record);
    salts.push_back(salt);
    return RecordPlace{lines.size() - 1, codec::leaf_hash(record)};
  }
  Result<void> flush() override {
    ++flushes;
    if (flush_fails) return Error(ErrorKind::io, "fdatasync: EIO");
    durable = lines.size();
    return {};
  }
  Result<void> settle() override {
    if (settle_fails) return Error(ErrorKind::io, "pwrite: EIO");
    settled = durable;
    return {};
  }
  Result<std::string> publish() override {
    if (publish_fails) return Error(ErrorKind::io, "rename: EIO");
    seals.push_back(durable);
    return std::string("checkpoint");
  }
  SpaceLevel space() const override { return level; }
  Record record(std::size_t index) const { return parse_record(lines.at(index)).value(); }

  std::vector<std::string> lines;
  std::vector<std::optional<Salt>> salts;
  std::vector<std::size_t> seals;
  std::vector<RecordTime> asked;  // whether an epoch is over
  std::optional<Seal> seal;
  bool seal_fails = false;
  std::size_t durable = 0, settled = 0;
  int flushes = 0;
  bool full = false, flush_fails = false, settle_fails = false, publish_fails = false;
  SpaceLevel level = SpaceLevel::ample;
};

// Time stands until it is told to go on.
class StandingClock final : public Clock {
 public:
  WallTime wall() const override { return {1'795'534'951'000'000 + ticks_++}; }
  Duration boot() const override { return now; }
  Duration monotonic() const override { return now; }
  Duration now = seconds(5);

 private:
  mutable std::int64_t ticks_ = 0;
};

struct Fixture {
  FakeStore store;
  HeldRandom random;
  RecordRules rules{random};
  Masker masker;
  StandingClock clock;
  Auditor auditor{store, rules, masker, clock, random, "run1"};
  std::vector<Result<RecordPlace>> done;

  // What the start wrote is not counted.
  Fixture() {
    REQUIRE(auditor.start({}, {}));
    REQUIRE(store.lines.size() == 1);
    store.lines.clear();
    store.seals.clear();
    store.durable = 0;
    store.flushes = 0;
  }

  AppendDone note() {
    return [this](Result<RecordPlace> place) { done.push_back(std::move(place)); };
  }
  void submit(RecordKind kind, std::string session, std::string call, Writer writer = Writer::boxer,
              JsonObject members = {}) {
    auditor.submit({writer, kind, std::move(session), std::move(call), std::move(members)}, note());
  }
  // Of a group of its own.
  Result<RecordPlace> append(RecordKind kind, std::string session, std::string call,
                             Writer writer = Writer::boxer, JsonObject members = {}) {
    done.clear();
    submit(kind, std::move(session), std::move(call), writer, std::move(members));
    REQUIRE(auditor.commit());
    REQUIRE(done.size() == 1);
    return done.front();
  }
};

JsonObject one(std::string key, Json value) {
  JsonObject object;
  object.set(std::move(key), std::move(value));
  return object;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "what may not be written is refused and leaves no trace") {
  REQUIRE(append(RecordKind::tool_intent, "s1", "open"));
  REQUIRE(append(RecordKind::tool_intent, "s1", "done"));
  REQUIRE(append(RecordKind::tool_result, "s1", "done"));
  const struct {
    const char* name;
    Writer writer;
    RecordKind kind;
    const char* session;
    const char* call;
    JsonObject members;
    ErrorKind error;
  } rows[] = {
      {"worker writes", Writer::worker, RecordKind::tool_intent, "s1", "t", {}, ErrorKind::denied},
      {"boxer says boot", Writer::boxer, RecordKind::boot, "", "", {}, ErrorKind::denied},
      {"boxer says stop", Writer::boxer, RecordKind::stop, "", "", {}, ErrorKind::denied},
      {"boxer loads a policy",
       Writer::boxer,
       RecordKind::policy_load,
       "",
       "",
       {},
       ErrorKind::denied},
      {"supervisor starts a call",
       Writer::supervisor,
       RecordKind::tool_intent,
       "s1",
       "t",
       {},
       ErrorKind::denied},
      {"a reserved kind", Writer::boxer, RecordKind::net_open, "s1", "t", {}, ErrorKind::denied},
      {"second intent",
       Writer::boxer,
       RecordKind::tool_intent,
       "s1",
       "open",
       {},
       ErrorKind::exists},
      {"intent of an ended call",
       Writer::boxer,
       RecordKind::tool_intent,
       "s1",
       "done",
       {},
       ErrorKind::exists},
      {"result without intent",
       Writer::boxer,
       RecordKind::tool_result,
       "s1",
       "new",
       {},
       ErrorKind::not_found},
      {"result of another session",
       Writer::boxer,
       RecordKind::tool_result,
       "s2",
       "open",
       {},
       ErrorKind::denied},
      {"second result",
       Writer::boxer,
       RecordKind::tool_result,
       "s1",
       "done",
       {},
       ErrorKind::conflict},
      {"orphan of an ended call",
       Writer::boxer,
       RecordKind::tool_orphan,
       "s1",
       "done",
       {},
       ErrorKind::conflict},
      {"intent without an id",
       Writer::boxer,
       RecordKind::tool_intent,
       "s1",
       "",
       {},
       ErrorKind::invalid},
      {"intent without a session",
       Writer::boxer,
       RecordKind::tool_intent,
       "",
       "t",
       {},
       ErrorKind::invalid},
      {"session without an id",
       Writer::boxer,
       RecordKind::session_open,
       "",
       "",
       {},
       ErrorKind::invalid},
      {"its own list of masks", Writer::boxer, RecordKind::tool_intent, "s1", "t",
       one("red", codec::JsonArray{}), ErrorKind::invalid},
      {"its own chain", Writer::boxer, RecordKind::tool_intent, "s1", "t", one("prev", "0"),
       ErrorKind::invalid},
  };
  const std::size_t before = store.lines.size();
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto refused = append(row.kind, row.session, row.call, row.writer, row.members);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().kind() == row.error);
      CHECK(store.lines.size() == before);
      CHECK(auditor.find_call("open") == CallState::started);
      CHECK(auditor.find_call("t") == CallState::unknown);
    }
  }
}

TEST_CASE_METHOD(Fixture, "nobody hears of a record before it is durable, all of a group then") {
  submit(RecordKind::session_open, "s1", "");
  submit(RecordKind::tool_intent, "s1", "t1");
  submit(RecordKind::tool_intent, "s1", "t1");  // refused, in its place
  submit(RecordKind::tool_deny, "s1", "t2");
  CHECK(done.empty());
  CHECK(auditor.has_pending());
  REQUIRE(auditor.commit());
  CHECK_FALSE(auditor.has_pending());
  CHECK(store.flushes == 1);
  REQUIRE(done.size() == 4);
  CHECK(done[0].value().index == 0);
  CHECK(done[1].value().index == 1);
  CHECK(done[2].error().kind() == ErrorKind::exists);
  CHECK(done[3].value().index == 2);
  CHECK(done[3].value().leaf == codec::leaf_hash(store.lines[2]));
}

TEST_CASE_METHOD(Fixture,
                 "a flush that failed is final: its records are refused, so is all later") {
  submit(RecordKind::tool_intent, "s1", "t1");
  submit(RecordKind::tool_intent, "s1", "t1");
  store.flush_fails = true;
  CHECK(auditor.commit().error().kind() == ErrorKind::io);
  REQUIRE(done.size() == 2);
  CHECK(done[0].error().kind() == ErrorKind::io);
  CHECK(done[1].error().kind() == ErrorKind::exists);
  // The device says that all is well again: too late.
  store.flush_fails = false;
  done.clear();
  submit(RecordKind::tool_intent, "s1", "t2");
  CHECK_FALSE(auditor.commit());
  REQUIRE(done.size() == 1);
  CHECK(done[0].error().kind() == ErrorKind::io);
  CHECK(store.lines.size() == 1);
  CHECK_FALSE(auditor.stop("end"));
  CHECK_FALSE(auditor.seal());
  CHECK_FALSE(auditor.tend());
  CHECK(store.seals.empty());
}

TEST_CASE_METHOD(Fixture, "a store that takes no record refuses it alone") {
  store.full = true;
  submit(RecordKind::tool_intent, "s1", "t1");
  REQUIRE(auditor.commit());
  CHECK(done[0].error().kind() == ErrorKind::limit);
  CHECK(auditor.find_call("t1") == CallState::unknown);
  store.full = false;
  CHECK(append(RecordKind::tool_intent, "s1", "t1"));
}

TEST_CASE_METHOD(Fixture, "what fails behind the answers ends it, the records stand") {
  submit(RecordKind::session_open, "s1", "");
  REQUIRE(auditor.commit());
  CHECK(done[0]);
  SECTION("tiles") {
    store.settle_fails = true;
  }
  SECTION("the checkpoint") {
    store.publish_fails = true;
    clock.now += kSealAfter;
  }
  CHECK(auditor.tend().error().kind() == ErrorKind::io);
  submit(RecordKind::tool_intent, "s1", "t1");
  CHECK_FALSE(auditor.commit());
  CHECK(done[1].error().kind() == ErrorKind::io);
}

TEST_CASE_METHOD(Fixture,
                 "on a disk that is nearly full no call begins, and what has is recorded") {
  REQUIRE(append(RecordKind::tool_intent, "s1", "t1"));
  for (const SpaceLevel level : {SpaceLevel::warn, SpaceLevel::drain}) {
    store.level = level;
    CHECK(append(RecordKind::tool_intent, "s1", level == SpaceLevel::warn ? "t2" : "t3"));
  }
  store.level = SpaceLevel::stop;
  const auto refused = append(RecordKind::tool_intent, "s1", "t4");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message().contains("nearly full"));
  CHECK(auditor.find_call("t4") == CallState::unknown);
  CHECK(append(RecordKind::tool_result, "s1", "t1"));
  CHECK(append(RecordKind::session_close, "s1", ""));
}

TEST_CASE_METHOD(Fixture, "a group has an end") {
  for (std::size_t i = 0; i <= kMaxGroupRecords; ++i) submit(RecordKind::fs_deny, "s1", "");
  REQUIRE(auditor.commit());
  CHECK(done[kMaxGroupRecords - 1]);
  CHECK(done[kMaxGroupRecords].error().kind() == ErrorKind::limit);
}

TEST_CASE_METHOD(Fixture,
                 "records are sealed within a second, those of a session that ended sooner") {
  REQUIRE(append(RecordKind::session_open, "s1", ""));
  CHECK(auditor.tend().value() == kSealAfter);
  CHECK(store.settled == 1);
  clock.now += milliseconds(300);
  // Later ones do not put it off.
  REQUIRE(append(RecordKind::session_open, "s2", ""));
  CHECK(auditor.tend().value() == milliseconds(700));
  REQUIRE(append(RecordKind::session_close, "s1", ""));
  CHECK(auditor.tend().value() == kSealClosedAfter);
  CHECK(store.seals.empty());
  clock.now += kSealClosedAfter;
  CHECK(auditor.tend());
  CHECK(store.seals == std::vector<std::size_t>{3});
  // Nothing new: nothing is signed.
  clock.now += seconds(10);
  CHECK(auditor.tend().value() == seconds(1));
  CHECK(store.seals.size() == 1);
}

TEST_CASE_METHOD(Fixture, "records are chained, stamped and masked") {
  REQUIRE(masker.add("token", Secret::take("very-secret-token")));
  REQUIRE(append(RecordKind::session_open, "s1", ""));
  REQUIRE(append(RecordKind::tool_intent, "s1", "t1", Writer::boxer,
                 one("arg", "use very-secret-token here")));
  REQUIRE(append(RecordKind::session_open, "s2", ""));
  REQUIRE(append(RecordKind::tool_result, "s1", "t1"));
  CHECK(store.record(0).previous == codec::Sha256Digest{});
  CHECK(store.record(1).previous == codec::leaf_hash(store.lines[0]));
  // Each session has its own chain.
  CHECK(store.record(2).previous == codec::Sha256Digest{});
  CHECK(store.record(3).previous == codec::leaf_hash(store.lines[1]));
  CHECK(store.record(1).boot_id == "run1");
  CHECK(*store.record(1).json.get_string("arg") == "use <masked:token> here");
  CHECK(*store.record(1).json.get("red") ==
        Json(codec::JsonArray{Json::object({{"m", "token"}, {"p", "/arg"}})}));
  CHECK(store.record(0).json.get("red") == nullptr);
}

TEST_CASE_METHOD(Fixture, "ids that do not stand in a record as they are still name one call") {
  const std::string id = "call with spaces \x1b";
  REQUIRE(append(RecordKind::tool_intent, "a session", id));
  CHECK(append(RecordKind::tool_intent, "a session", id).error().kind() == ErrorKind::exists);
  CHECK(auditor.find_call(id) == CallState::started);
  // It stands in the log as the rules know it.
  CHECK(store.record(0).tool_use == record_id(id));
  CHECK(rules.calls().find(store.record(0).tool_use) == CallState::started);
  CHECK(append(RecordKind::tool_result, "a session", id));
  CHECK(auditor.find_call(id) == CallState::finished);
}

TEST_CASE("a start says what was found, then boot, under a checkpoint") {
  FakeStore store;
  HeldRandom random;
  RecordRules rules(random);
  const Masker masker;
  const StandingClock clock;
  Auditor auditor(store, rules, masker, clock, random, "run1");
  SECTION("a loss, a torn group, no checkpoint") {
    const Recovered recovered{
        .records = 5,
        .gap = WalGap{.first = 5, .end = 9, .fault = WalFault::group},
        .torn = {.bytes = 17, .hash = codec::sha256("torn")},
        .checkpoint_missing = true,
    };
    REQUIRE(auditor.start(recovered, one("version", "0.1.0")));
    REQUIRE(store.lines.size() == 4);
    CHECK(store.record(0).kind == RecordKind::gap);
    CHECK(*store.record(0).json.get_string("why") == to_string(WalFault::group));
    CHECK(store.record(0).json.get("lost")->get_int("from") == 5);
    CHECK(store.record(0).json.get("lost")->get_int("to") == 9);
    CHECK(store.record(1).kind == RecordKind::recovery);
    CHECK(store.record(1).json.get("cut")->get_int("n") == 17);
    CHECK(*store.record(1).json.get("cut")->get_string("c") == codec::sha256("torn").hex());
    CHECK(*store.record(2).json.get_string("why") == "checkpoint_missing");
    CHECK(store.record(3).kind == RecordKind::boot);
    CHECK(*store.record(3).json.get_string("version") == "0.1.0");
    CHECK(store.seals == std::vector<std::size_t>{4});
  }
  SECTION("nothing") {
    REQUIRE(auditor.start({}, {}));
    CHECK(store.lines.size() == 1);
    CHECK(store.seals == std::vector<std::size_t>{1});
  }
  SECTION("a device that fails") {
    store.flush_fails = true;
    CHECK(auditor.start({}, {}).error().kind() == ErrorKind::io);
    CHECK(store.seals.empty());
  }
}

TEST_CASE_METHOD(Fixture, "stop is the last record, under the last checkpoint") {
  submit(RecordKind::session_open, "s1", "");
  REQUIRE(auditor.stop("supervisor"));
  CHECK(done.size() == 1);
  CHECK(store.record(1).kind == RecordKind::stop);
  CHECK(*store.record(1).json.get_string("why") == "supervisor");
  CHECK(store.seals == std::vector<std::size_t>{2});
  submit(RecordKind::session_open, "s2", "");
  CHECK_FALSE(auditor.commit());
  CHECK(done[1].error().kind() == ErrorKind::io);
  CHECK_FALSE(auditor.stop("again"));
}

TEST_CASE_METHOD(Fixture, "an epoch that is over is sealed in front of the next record") {
  store.asked.clear();
  store.seal = Seal{RecordKind::epoch_rotate, one("ep", Json(std::int64_t{0}))};
  REQUIRE(append(RecordKind::session_open, "s1", ""));
  REQUIRE(store.lines.size() == 2);
  CHECK(store.record(0).kind == RecordKind::epoch_rotate);
  CHECK(store.record(1).kind == RecordKind::session_open);
  // Asked once, and of one moment: what is said of an epoch's end is said of what follows.
  REQUIRE(store.asked.size() == 1);
  CHECK(store.record(0).wall == store.asked[0].wall);
  CHECK(store.record(1).wall == store.asked[0].wall);
  CHECK(store.durable == 2);

  // What is refused asks for nothing.
  store.seal = Seal{RecordKind::heartbeat, {}};
  CHECK_FALSE(append(RecordKind::tool_result, "s1", "unknown"));
  CHECK(store.lines.size() == 2);
}

TEST_CASE_METHOD(Fixture, "nothing in a seal is taken for a secret") {
  const Secret known = Secret::take(std::string("0123456789abcdef"));
  REQUIRE(masker.add("key", known));
  const std::string root = "ffff0123456789abcdefffff";
  store.seal = Seal{RecordKind::epoch_rotate, one("root", root)};
  REQUIRE(append(RecordKind::session_open, "s1", "", Writer::boxer, one("env", root)));
  CHECK(*store.record(0).json.get_string("root") == root);
  CHECK(store.record(0).json.get("red") == nullptr);
  CHECK_FALSE(store.lines.at(1).contains("0123456789abcdef"));
}

TEST_CASE_METHOD(Fixture, "an epoch ends behind the answers when nothing is recorded") {
  store.seal = Seal{RecordKind::heartbeat, {}};
  REQUIRE(auditor.tend());
  REQUIRE(store.lines.size() == 1);
  CHECK(store.record(0).kind == RecordKind::heartbeat);
  CHECK(store.durable == 1);
  CHECK(store.settled == 1);
  clock.now += kSealAfter;
  REQUIRE(auditor.tend());
  CHECK(store.seals.back() == 1);
}

TEST_CASE_METHOD(Fixture, "a seal that fails is the end") {
  store.seal_fails = true;
  SECTION("before a record") {
    submit(RecordKind::session_open, "s1", "");
    CHECK_FALSE(auditor.commit());
    REQUIRE(done.size() == 1);
    CHECK_FALSE(done.front());
  }
  SECTION("behind the answers") {
    CHECK_FALSE(auditor.tend());
  }
  store.seal_fails = false;
  submit(RecordKind::session_open, "s1", "");
  CHECK_FALSE(auditor.commit());
  CHECK_FALSE(auditor.tend());
  CHECK(store.lines.empty());
}

TEST_CASE_METHOD(Fixture, "a record goes with the salt of its commitments, and no other") {
  const Salt salt = Salt::generate(random);
  store.salts.clear();
  REQUIRE(append(RecordKind::session_open, "s1", ""));
  auditor.submit({Writer::boxer, RecordKind::tool_intent, "s1", "t1",
                  one("in", salt.commitment("input")), salt},
                 note());
  // One that the auditor has to make: what is cut is committed to.
  submit(RecordKind::tool_deny, "s1", "t2", Writer::boxer,
         one("why", std::string(kMaxTextBytes + 1, 'x')));
  store.seal = Seal{RecordKind::epoch_rotate, one("ep", Json(std::int64_t{0}))};
  auditor.submit({Writer::boxer, RecordKind::tool_result, "s1", "t1",
                  one("out", salt.commitment("output")), salt},
                 note());
  REQUIRE(auditor.commit());
  REQUIRE(store.salts.size() == 5);
  CHECK_FALSE(store.salts[0]);
  CHECK(store.salts[1] == salt);
  REQUIRE(store.salts[2]);
  CHECK(
      store.salts[2]->opens(*store.record(2).json.get("why"), std::string(kMaxTextBytes + 1, 'x')));
  CHECK_FALSE(store.salts[3]);  // the seal
  CHECK(store.salts[4] == salt);
  CHECK_FALSE(store.record(1).json.get("salt"));
  // None takes it as a member.
  CHECK(append(RecordKind::tool_intent, "s1", "t3", Writer::boxer, one("salt", salt.hex()))
            .error()
            .kind() == ErrorKind::invalid);
}
