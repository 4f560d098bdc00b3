#include "audit/auditor.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

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
  codec::Sha256Digest last_hash() const override {
    return lines.empty() ? codec::Sha256Digest{} : codec::sha256(lines.back());
  }
  Result<RecordPlace> append(std::string_view record) override {
    if (full) return Error(ErrorKind::limit, "full");
    lines.emplace_back(record);
    return RecordPlace{lines.size() - 1, last_hash()};
  }
  Result<void> flush() override {
    ++flushes;
    if (flush_fails) return Error(ErrorKind::io, "fdatasync: EIO");
    durable = lines.size();
    return {};
  }
  Result<std::string> publish_head() override {
    if (head_fails) return Error(ErrorKind::io, "rename: EIO");
    heads.push_back(durable);
    return std::string("head");
  }
  Record record(std::size_t index) const { return parse_record(lines.at(index)).value(); }

  std::vector<std::string> lines;
  std::vector<std::size_t> heads;
  std::size_t durable = 0;
  int flushes = 0;
  bool full = false, flush_fails = false, head_fails = false;
};

struct Fixture {
  FakeStore store;
  HeldRandom random;
  CallIndex calls{random};
  Masker masker;
  HeldClock clock;
  Auditor auditor{store, calls, masker, clock, "run1"};
  std::vector<Result<RecordPlace>> done;

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
  CHECK(done[3].value().hash == codec::sha256(store.lines[2]));
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
  CHECK_FALSE(auditor.head());
  CHECK(store.heads.empty());
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

TEST_CASE_METHOD(Fixture, "a head that cannot be published ends it, the records stand") {
  store.head_fails = true;
  submit(RecordKind::session_close, "s1", "");
  CHECK(auditor.commit().error().kind() == ErrorKind::io);
  CHECK(done[0]);
  submit(RecordKind::tool_intent, "s1", "t1");
  CHECK_FALSE(auditor.commit());
  CHECK(done[1].error().kind() == ErrorKind::io);
}

TEST_CASE_METHOD(Fixture, "a group has an end") {
  for (std::size_t i = 0; i <= kMaxGroupRecords; ++i) submit(RecordKind::fs_deny, "s1", "");
  REQUIRE(auditor.commit());
  CHECK(done[kMaxGroupRecords - 1]);
  CHECK(done[kMaxGroupRecords].error().kind() == ErrorKind::limit);
}

TEST_CASE_METHOD(Fixture, "the end of a session publishes a head before it is answered") {
  std::vector<std::size_t> heads_then;
  auditor.submit({Writer::boxer, RecordKind::session_close, "s1", "", {}},
                 [&](Result<RecordPlace>) { heads_then = store.heads; });
  submit(RecordKind::session_open, "s2", "");
  REQUIRE(auditor.commit());
  CHECK(heads_then == std::vector<std::size_t>{2});
  REQUIRE(append(RecordKind::session_open, "s3", ""));
  CHECK(store.heads.size() == 1);
}

TEST_CASE_METHOD(Fixture, "records are chained, stamped and masked") {
  REQUIRE(masker.add("token", Secret::take("very-secret-token")));
  REQUIRE(append(RecordKind::session_open, "s1", ""));
  REQUIRE(append(RecordKind::tool_intent, "s1", "t1", Writer::boxer,
                 one("arg", "use very-secret-token here")));
  CHECK(store.record(0).previous == codec::Sha256Digest{});
  CHECK(store.record(1).previous == codec::sha256(store.lines[0]));
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
  // What a restart finds in the log is the same call.
  CallIndex again(random);
  REQUIRE(index_record(again, store.record(0)));
  CHECK(again.find(record_id(id)) == CallState::started);
  CHECK(append(RecordKind::tool_result, "a session", id));
  CHECK(auditor.find_call(id) == CallState::finished);
}

TEST_CASE_METHOD(Fixture, "a start says what was found, then boot, under a head") {
  Recovered recovered{
      .records = 5, .cut_bytes = 17, .cut_hash = codec::sha256("torn"), .head_missing = true};
  REQUIRE(auditor.start(recovered, one("version", "0.1.0")));
  REQUIRE(store.lines.size() == 3);
  CHECK(store.record(0).kind == RecordKind::recovery);
  CHECK(store.record(0).json.get("cut")->get_int("n") == 17);
  CHECK(*store.record(0).json.get("cut")->get_string("c") == codec::sha256("torn").hex());
  CHECK(*store.record(1).json.get_string("why") == "head_missing");
  CHECK(store.record(2).kind == RecordKind::boot);
  CHECK(*store.record(2).json.get_string("version") == "0.1.0");
  CHECK(store.heads == std::vector<std::size_t>{3});
}

TEST_CASE_METHOD(Fixture, "a start that finds nothing says boot only, one that fails says so") {
  REQUIRE(auditor.start({}, {}));
  CHECK(store.lines.size() == 1);
  FakeStore broken;
  broken.flush_fails = true;
  Auditor other(broken, calls, masker, clock, "run2");
  CHECK(other.start({}, {}).error().kind() == ErrorKind::io);
}

TEST_CASE_METHOD(Fixture, "stop is the last record, under the last head") {
  submit(RecordKind::session_open, "s1", "");
  REQUIRE(auditor.stop("supervisor"));
  CHECK(done.size() == 1);
  CHECK(store.record(1).kind == RecordKind::stop);
  CHECK(*store.record(1).json.get_string("why") == "supervisor");
  CHECK(store.heads == std::vector<std::size_t>{2});
  submit(RecordKind::session_open, "s2", "");
  CHECK_FALSE(auditor.commit());
  CHECK(done[1].error().kind() == ErrorKind::io);
  CHECK_FALSE(auditor.stop("again"));
}
