#include "audit/record.h"

#include <catch2/catch_test_macros.hpp>

#include "../salted_record.h"

#include "audit/bounded_value.h"
#include "codec/jcs.h"
#include "support.h"

using namespace glovebox;
using namespace glovebox::audit;
using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

namespace {

RecordStamp stamp() {
  return {.wall = {1'795'534'951'000'000}, .since_boot = milliseconds(7), .boot_id = "b1"};
}

Result<std::string> intent_with(std::string_view key, Json value) {
  JsonObject members;
  members.set(std::string(key), std::move(value));
  return glovebox::test::salted_record(RecordKind::tool_intent, stamp(), "s1", "t1",
                                       std::move(members));
}

Json nested(std::size_t depth) {
  Json value = "deep";
  for (std::size_t i = 0; i < depth; ++i) value = JsonArray{std::move(value)};
  return value;
}

const std::string kGood = R"({"boot":"b1","k":"tool.intent","mt":7000,"prev":")" +
                          std::string(64, '0') +
                          R"(","sid":"s1","t":1795534951000000,"tool":"bash","tu":"t1","v":1})";

}  // namespace

TEST_CASE("a record that only looks like one is refused") {
  const auto replaced = [](std::string_view from, std::string_view to) {
    std::string line = kGood;
    line.replace(line.find(from), from.size(), to);
    return line;
  };
  struct Row {
    const char* name;
    std::string line;
  };
  const Row rows[] = {
      {"empty", ""},
      {"not JSON", "{"},
      {"an array", "[]"},
      {"an empty object", "{}"},
      {"a space", replaced(":7000", ": 7000")},
      {"keys not sorted", R"({"k":"stop","boot":"b1"})"},
      {"an escape that is not canonical", replaced("bash", "b\\u0061sh")},
      {"a key twice", replaced(R"("mt":7000)", R"("mt":7000,"mt":7000)")},
      {"another version", replaced(R"("v":1)", R"("v":2)")},
      {"version as a string", replaced(R"("v":1)", R"("v":"1")")},
      {"no version", replaced(R"(,"v":1)", "")},
      {"unknown kind", replaced("tool.intent", "tool.intend")},
      {"no kind", replaced(R"("k":"tool.intent",)", "")},
      {"negative time", replaced("1795534951000000", "-1")},
      {"time as a string", replaced("1795534951000000", R"("1")")},
      {"no boot time", replaced(R"("mt":7000,)", "")},
      {"a float", replaced("7000", "7000.5")},
      {"empty boot id", replaced("\"b1\"", "\"\"")},
      {"short prev", replaced("0000", "000")},
      {"prev in capitals", replaced(std::string(64, '0'), std::string(64, 'A'))},
      {"no session", replaced(R"("sid":"s1",)", "")},
      {"session as a number", replaced(R"("sid":"s1")", R"("sid":1)")},
      {"no tool use", replaced(R"("tu":"t1",)", "")},
      {"text behind it", kGood + " "},
      {"a line feed behind it", kGood + "\n"},
      {"longer than a record may be", replaced("bash", std::string(kMaxRecordBytes, 'x'))},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK_FALSE(parse_record(row.line));
    }
  }
  REQUIRE(parse_record(kGood));
}

TEST_CASE("what a role gives cannot take the place of what the auditor says") {
  for (const char* key : {"v", "k", "t", "mt", "boot", "prev", "sid", "tu"}) {
    DYNAMIC_SECTION(key) {
      const auto record = intent_with(key, 1);
      REQUIRE_FALSE(record);
      CHECK(record.error().kind() == ErrorKind::invalid);
    }
  }
}

TEST_CASE("a kind of a call needs its ids") {
  const struct {
    const char* name;
    RecordKind kind;
    const char* session;
    const char* tool_use;
    bool fine;
  } rows[] = {
      {"intent without id", RecordKind::tool_intent, "s", "", false},
      {"intent without session", RecordKind::tool_intent, "", "t", false},
      {"result without id", RecordKind::tool_result, "s", "", false},
      {"denial without id", RecordKind::tool_deny, "s", "", false},
      {"orphan without id", RecordKind::tool_orphan, "s", "", false},
      {"session without id", RecordKind::session_open, "", "", false},
      {"session", RecordKind::session_open, "s", "", true},
      {"boot", RecordKind::boot, "", "", true},
      {"denied file without a call", RecordKind::fs_deny, "", "", true},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(glovebox::test::salted_record(row.kind, stamp(), row.session, row.tool_use, {})
                .has_value() == row.fine);
    }
  }
}

TEST_CASE("a record is exactly these bytes") {
  JsonObject members;
  members.set("tool", "bash");
  CHECK(glovebox::test::salted_record(RecordKind::tool_intent, stamp(), "s1", "t1", members)
            .value() == kGood);
}

TEST_CASE("ids that could steer a display or fill a record stand as their hash") {
  CHECK(record_id("toolu_01AbC-x.y") == "toolu_01AbC-x.y");
  CHECK(record_id(std::string(kMaxIdBytes, 'a')) == std::string(kMaxIdBytes, 'a'));
  const std::string hostile[] = {"",
                                 "a b",
                                 "a\n",
                                 "\x1b[2J",
                                 "../x",
                                 "sha256:00",
                                 "\xff",
                                 std::string(kMaxIdBytes + 1, 'a'),
                                 std::string("a\0", 2)};
  for (const std::string& id : hostile) {
    CAPTURE(id);
    CHECK(record_id(id) == "sha256:" + codec::sha256(id).hex());
  }
}

TEST_CASE("no value of a model keeps an intent from being recorded, and every record reads back") {
  JsonObject many;
  for (int i = 0; i < 20'000; ++i) many.set("key " + std::to_string(i), i);
  JsonObject wide_keys;
  for (int i = 0; i < 50; ++i) wide_keys.set(std::string(5000, 'k') + std::to_string(i), "");
  const struct {
    const char* name;
    Json value;
  } rows[] = {
      {"a float", 1.5},
      {"a float that is not finite", 1e308 * 10},
      {"an integer beyond 2^53", (std::int64_t{1} << 53)},
      {"the least integer", INT64_MIN},
      {"null", nullptr},
      {"deeper than a reader goes", nested(63)},
      {"at the depth limit", nested(kMaxValueDepth)},
      {"invalid UTF-8", "\xff\xc0\xaf"},
      {"control bytes that grow", std::string(30'000, '\x7f')},
      {"escapes that grow", std::string(30'000, '\x01')},
      {"quotes that grow", std::string(4096, '"')},
      {"a MiB of text", std::string(1u << 20, 'x')},
      {"a hundred long texts", JsonArray(100, std::string(4000, 'x'))},
      {"a hundred thousand numbers", JsonArray(100'000, 7)},
      {"many members", many},
      {"long keys", wide_keys},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto line = intent_with("arg", row.value);
      REQUIRE(line);
      CHECK(line->size() <= kMaxRecordBytes);
      CHECK(line->find('\n') == line->npos);
      const auto record = parse_record(*line);
      REQUIRE(record);
      CHECK(record->json.get("arg") != nullptr);
    }
  }
}

namespace {

Salt test_salt() {
  return Salt::from_bytes(std::string(kSaltBytes, 's')).value();
}

Json bounded(const Json& value) {
  glovebox::audit::test::HeldRandom random;
  Commitments commitments(random, test_salt());
  return bounded_value(value, commitments);
}

}  // namespace

TEST_CASE("a salt is made only for what needs one, and once") {
  glovebox::audit::test::HeldRandom random;
  Commitments commitments(random);
  (void)bounded_value(Json("short"), commitments);
  CHECK_FALSE(commitments.salt());
  const Json first = commitments.of("payload");
  const Salt salt = commitments.salt().value();
  CHECK(salt.opens(first, "payload"));
  CHECK(salt.opens(commitments.of("other"), "other"));
  CHECK(commitments.salt() == salt);
  // A key that is cut has one too.
  JsonObject object;
  object.set(std::string(kMaxTextBytes, 'k'), 1);
  const std::string name = bounded(object).as_object()->begin()->key;
  CHECK(name.ends_with(
      "<c:" + *test_salt().commitment(std::string(kMaxTextBytes, 'k')).get_string("c") + ">"));
}

TEST_CASE("numbers that canonical JSON cannot hold become text") {
  CHECK(bounded(1.5) == Json("1.5"));
  CHECK(bounded(std::int64_t{1} << 53) == Json("9007199254740992"));
  CHECK(bounded(codec::kMaxJcsInteger) == Json(codec::kMaxJcsInteger));
  CHECK(bounded(true) == Json(true));
}

TEST_CASE("text is made visible before it is hashed, C0 is left to the JSON escapes") {
  CHECK(bounded("a\x7f\xe2\x80\xae b\n") == Json("a<x7f><u202e> b\n"));
  CHECK(bounded("\xff") == Json("<xff>"));
}

TEST_CASE("a long text is cut at a character, with a commitment to all of it") {
  const std::string umlauts = [] {
    std::string text = "a";  // so that the cut would fall inside a character
    for (std::size_t i = 0; i < kMaxTextBytes; ++i) text += "\xc3\xbc";
    return text;
  }();
  const Json cut = bounded(umlauts);
  REQUIRE(cut.is_object());
  CHECK(test_salt().opens(cut, umlauts));
  CHECK(*cut.get_string("text") == umlauts.substr(0, kShownBytes - 1));
  CHECK(bounded(std::string(kMaxTextBytes, 'x')).is_string());
  CHECK(bounded(std::string(kMaxTextBytes + 1, 'x')).is_object());
}

TEST_CASE("what is nested too deep is committed to") {
  const Json cut = bounded(nested(kMaxValueDepth + 1));
  const Json* inner = &cut;
  while (inner->is_array()) inner = &inner->as_array()->front();
  CHECK(test_salt().opens(*inner, R"(["deep"])"));
}

TEST_CASE("two keys that become equal both stay") {
  JsonObject object;
  object.set("a\x7f", 1);
  object.set("a<x7f>", 2);
  object.set("a<x7f><2>", 3);
  const Json shown = bounded(object);
  CHECK(shown.as_object()->size() == 3);
  CHECK(shown.get_int("a<x7f>") == 1);
  CHECK(shown.get_int("a<x7f><2>") == 2);
}

TEST_CASE("kinds and their names go both ways, and peers have their own kinds") {
  for (int i = 0; i <= static_cast<int>(RecordKind::prune); ++i) {
    const auto kind = static_cast<RecordKind>(i);
    CAPTURE(to_string(kind));
    CHECK(parse_record_kind(to_string(kind)) == kind);
    CHECK_FALSE(may_write(Writer::worker, kind));
    int writers = 0;
    for (const Writer writer : {Writer::supervisor, Writer::boxer, Writer::auditor})
      writers += may_write(writer, kind);
    CHECK(writers <= 1);
  }
  CHECK_FALSE(parse_record_kind(""));
  CHECK_FALSE(parse_record_kind("Boot"));
  CHECK(may_write(Writer::boxer, RecordKind::tool_intent));
  CHECK_FALSE(may_write(Writer::supervisor, RecordKind::tool_intent));
  CHECK_FALSE(may_write(Writer::boxer, RecordKind::boot));
  CHECK_FALSE(may_write(Writer::boxer, RecordKind::gap));
}
