#include "audit/record_head.h"

#include <catch2/catch_test_macros.hpp>

#include "tile_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

// The reader against the parser; whether it was a record.
bool same_as_parsed(std::string_view line) {
  RecordHeadReader reader;
  const auto head = reader.read(line);
  const auto record = parse_record(line);
  REQUIRE(head.has_value() == record.has_value());
  if (record)
    CHECK(*head == head_of(*record));
  else
    CHECK(head.error().message() == record.error().message());
  return record.has_value();
}

}  // namespace

TEST_CASE("a head is refused when its record is") {
  RecordMaker maker;
  const std::string good = maker.make(RecordKind::tool_intent, "s", "t");
  const auto with = [&](std::string_view part, std::string_view other) {
    std::string changed = good;
    const std::size_t at = changed.find(part);
    REQUIRE(at != changed.npos);
    return changed.replace(at, part.size(), other);
  };
  for (const std::string& line :
       {std::string(), std::string("{}"), good + " ", with("\"v\":1", "\"v\":2"),
        with("\"v\":1", "\"v\":\"1\""), with("tool.intent", "tool.other"),
        with("\"mt\":", "\"mt\":-"), with("\"sid\":\"s\",", ""), with("\"tu\":\"t\",", ""),
        with("\"tu\":\"t\"", "\"tu\":\"\""), with("\"sid\":\"s\"", "\"sid\":1"),
        with("\"boot\":\"b1\"", "\"boot\":\"\""), with("\"boot\":\"b1\"", "\"boot\":null"),
        with("0000", "000g"), with("0000", "000A"), with("0000", "000")}) {
    CAPTURE(line);
    CHECK_FALSE(same_as_parsed(line));
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string changed = good;
    for (const char c : {'\0', ' ', '"', '\\', '0', '1', ',', '{', '}', '\x80'}) {
      changed[at] = c;
      (void)same_as_parsed(changed);
    }
    CHECK_FALSE(same_as_parsed(good.substr(0, at)));
  }
}

TEST_CASE("a head is what the parser finds") {
  RecordMaker maker;
  codec::JsonObject members;
  members.set("text", "\n\"\xc3\xa9");
  members.set("list", codec::Json::array({1, nullptr, "x"}));
  for (const std::string& line :
       {maker.make(RecordKind::boot), maker.make(RecordKind::session_open, "s"),
        maker.make(RecordKind::tool_intent, "s", "t", members),
        maker.make(RecordKind::tool_intent, "a b", "\n")}) {
    CAPTURE(line);
    CHECK(same_as_parsed(line));
  }
  // Ids that need the parser.
  std::string line = maker.make(RecordKind::session_open, "s");
  line.replace(line.find("\"s\""), 3, "\"\\n\"");
  CHECK(same_as_parsed(line));
}
