#include "codec/jcs_scan.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "codec/jcs.h"
#include "codec/json.h"

using namespace glovebox;
using namespace glovebox::codec;

namespace {

bool scans(std::string_view text) {
  std::vector<ScannedMember> members;
  return scan_jcs_object(text, members);
}

bool is_canonical(std::string_view text) {
  const auto json = parse_json(text);
  return json && json->is_object() && to_jcs(*json).value_or("") == text;
}

std::string nested(std::size_t depth, char open, char close) {
  return "{\"a\":" + std::string(depth - 1, open) + std::string(depth - 1, close) + "}";
}

}  // namespace

TEST_CASE("what is not canonical is not taken") {
  const std::string rows[] = {
      "",
      "{",
      "}",
      "[]",
      "\"a\"",
      "1",
      "{}x",
      " {}",
      "{} ",
      "{\"a\"}",
      "{\"a\":}",
      "{\"a\":1,}",
      "{,}",
      "{\"a\":1 }",
      "{\"a\": 1}",
      "{\"a\":1\n}",
      "{\"b\":1,\"a\":1}",
      "{\"a\":1,\"a\":1}",
      "{\"aa\":1,\"a\":1}",
      "{\"\xef\xbf\xbf\":1,\"\xf0\x90\x80\x80\":1}",  // by code points, not UTF-16
      "{\"a\":{\"c\":1,\"b\":2}}",
      "{\"a\":[1,]}",
      "{\"a\":[,1]}",
      "{\"a\":[1 ,2]}",
      "{\"a\":[1}",
      "{\"a\":-0}",
      "{\"a\":-}",
      "{\"a\":01}",
      "{\"a\":-01}",
      "{\"a\":+1}",
      "{\"a\":1.0}",
      "{\"a\":1e3}",
      "{\"a\":9007199254740992}",
      "{\"a\":-9007199254740992}",
      "{\"a\":99999999999999999999}",
      "{\"a\":True}",
      "{\"a\":tru}",
      "{\"a\":nul}",
      "{\"a\":\"\\/\"}",
      "{\"a\":\"\\u0041\"}",
      "{\"a\":\"\\u000a\"}",
      "{\"a\":\"\\u0008\"}",
      "{\"a\":\"\\u000c\"}",
      "{\"a\":\"\\u000d\"}",
      "{\"a\":\"\\u0009\"}",
      "{\"a\":\"\\u001F\"}",
      "{\"a\":\"\\u0020\"}",
      "{\"a\":\"\\u00\"}",
      "{\"a\":\"\\x\"}",
      "{\"a\":\"\\\"}",
      "{\"a\":\"\t\"}",
      "{\"a\":\"\xff\"}",
      "{\"a\":\"\xed\xa0\x80\"}",
      "{\"a\":\"\xc0\x80\"}",
      "{\"\xff\":1}",
      nested(65, '[', ']'),
      nested(100'000, '[', ']'),
  };
  for (const std::string& row : rows) {
    CAPTURE(row);
    CHECK_FALSE(scans(row));
    CHECK_FALSE(is_canonical(row));
  }
}

TEST_CASE("what is canonical is taken") {
  const std::string rows[] = {
      "{}",
      "{\"\":\"\"}",
      "{\"a\":null,\"b\":true,\"c\":false}",
      "{\"A\":1,\"a\":2}",
      "{\"a\":9007199254740991,\"b\":-9007199254740991,\"c\":0,\"d\":10}",
      "{\"a\":[],\"b\":[[],{}],\"c\":{\"d\":[1,\"x\",{\"e\":{}}]}}",
      "{\"\xf0\x90\x80\x80\":1,\"\xef\xbf\xbf\":1}",
      R"({"a":"\"\\\b\f\n\r\t\u0000\u001f\u000b/"})",
      "{\"a\":\"\x7f\xc2\x80\xe2\x80\xa8\xf4\x8f\xbf\xbf\"}",
      nested(64, '[', ']'),
  };
  for (const std::string& row : rows) {
    CAPTURE(row);
    CHECK(is_canonical(row));
    CHECK(scans(row));
    for (std::size_t size = 0; size < row.size(); ++size) CHECK_FALSE(scans(row.substr(0, size)));
  }
  // Canonical, and left to the parser.
  CHECK(is_canonical(R"({"\n":1})"));
  CHECK_FALSE(scans(R"({"\n":1})"));
}

TEST_CASE("members are found as they stand") {
  std::vector<ScannedMember> members(7);
  REQUIRE(scan_jcs_object(R"({"a":[1,2],"b":"x","c":"\n","d":-5,"e":{"a":9}})", members));
  REQUIRE(members.size() == 5);
  CHECK(members[0].key == "a");
  CHECK(members[0].value == "[1,2]");
  CHECK(plain_string(members[1].value) == "x");
  CHECK_FALSE(plain_string(members[2].value));
  CHECK_FALSE(plain_string(members[3].value));
  CHECK(plain_integer(members[3].value) == -5);
  CHECK_FALSE(plain_integer(members[1].value));
  CHECK_FALSE(plain_integer(members[0].value));
  CHECK_FALSE(plain_integer(""));
  CHECK_FALSE(plain_string(""));
  CHECK(members[4].value == R"({"a":9})");
}
