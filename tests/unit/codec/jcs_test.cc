#include "codec/jcs.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace glovebox;
using namespace glovebox::codec;

TEST_CASE("a value whose canonical form is disputed is refused, by its place") {
  const struct {
    const char* name;
    Json value;
    const char* place;
  } rows[] = {
      {"a double", Json(1.5), "/: "},
      {"a whole double", Json::object({{"a", 1.0}}), "/a: "},
      {"2^53", Json::array({Json(std::int64_t{1} << 53)}), "/0: "},
      {"-2^53", Json(-(std::int64_t{1} << 53)), "/: "},
      {"bad UTF-8", Json::object({{"a", Json::array({1, "\xff"})}}), "/a/1: "},
      {"bad UTF-8 in a key", Json::object({{"\xff", 1}}), "/: "},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto text = to_jcs(row.value);
      REQUIRE_FALSE(text);
      CHECK(text.error().kind() == ErrorKind::invalid);
      CHECK(text.error().message().starts_with(row.place));
    }
  }
}

TEST_CASE("canonical bytes") {
  const struct {
    const char* name;
    const char* text;
    const char* canonical;
  } rows[] = {
      {"null", "null", "null"},
      {"largest integer", "9007199254740991", "9007199254740991"},
      {"minus zero", "-0", "0"},
      {"white space", " [ 1 , true ] ", "[1,true]"},
      {"keys sorted", R"({"b":1,"a":2,"":3})", R"({"":3,"a":2,"b":1})"},
      {"sorted by UTF-16", "{\"\xef\xac\xb3\":1,\"\xf0\x9f\x98\x80\":2,\"\xe2\x82\xac\":3}",
       "{\"\xe2\x82\xac\":3,\"\xf0\x9f\x98\x80\":2,\"\xef\xac\xb3\":1}"},
      {"escapes", R"("\u0041\/\u001f\u007f\n\"\\")", "\"A/\\u001f\x7f\\n\\\"\\\\\""},
      {"beyond ASCII as it is", R"("\u00fc\ud83d\ude00")", "\"\xc3\xbc\xf0\x9f\x98\x80\""},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const std::string canonical = to_jcs(parse_json(row.text).value()).value();
      CHECK(canonical == row.canonical);
      CHECK(to_jcs(parse_json(canonical).value()).value() == canonical);
    }
  }
}
