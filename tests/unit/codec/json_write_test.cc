#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <string>

#include "codec/json.h"

using namespace glovebox;
using namespace glovebox::codec;

TEST_CASE("what is written is always JSON on one line") {
  const struct {
    const char* name;
    Json value;
    const char* text;
  } rows[] = {
      {"bad UTF-8",
       "a\xff"
       "b",
       "\"a\xef\xbf\xbd"
       "b\""},
      {"controls", std::string("\0\x1f\n\t\r\b\f", 7), R"("\u0000\u001f\n\t\r\b\f")"},
      {"quotes and backslashes", "\"\\/", R"("\"\\/")"},
      {"not a number", std::numeric_limits<double>::quiet_NaN(), "null"},
      {"infinite", std::numeric_limits<double>::infinity(), "null"},
      {"a whole double", 2.0, "2.0"},
      {"a double", 0.1, "0.1"},
      {"the least integer", std::numeric_limits<std::int64_t>::min(), "-9223372036854775808"},
      {"empty", Json::array({Json::array(), Json::object(), ""}), "[[],{},\"\"]"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(to_json(row.value) == row.text);
      CHECK(parse_json(to_json(row.value)));
    }
  }
}

TEST_CASE("doubles read back as they were") {
  for (const double value : {0.1, 1e300, -2.5e-300, 123456789.123456789, 5e-324, 1e21, -0.0})
    CHECK(parse_json(to_json(value)).value().as_double() == value);
}

TEST_CASE("a quoted text is a JSON string") {
  CHECK(json_quote("a\"\n") == R"("a\"\n")");
  std::string out = "x";
  append_json_quoted(out, "y");
  CHECK(out == "x\"y\"");
}

TEST_CASE("the form for people is the same value") {
  const Json json = parse_json(R"({"a":[1,{"b":[]}],"c":{}})").value();
  const std::string text = to_json_pretty(json);
  CHECK(parse_json(text).value() == json);
  CHECK(text.starts_with("{\n  \"a\": [\n    1,"));
  CHECK_FALSE(text.ends_with("\n"));
}
