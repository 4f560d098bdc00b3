#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <string>

#include "codec/json.h"

using namespace glovebox;
using namespace glovebox::codec;

namespace {

std::string nested(std::size_t depth, char open, char close) {
  return std::string(depth, open) + std::string(depth, close);
}

}  // namespace

TEST_CASE("what two readers could understand differently is refused") {
  const struct {
    const char* name;
    std::string text;
  } rows[] = {
      {"empty", ""},
      {"white space", " \n"},
      {"two documents", "1 2"},
      {"bytes behind it", "{}x"},
      {"NUL behind it", std::string("{}\0", 3)},
      {"byte order mark", "\xef\xbb\xbf{}"},
      {"comment", "/* a */ 1"},
      {"comma at the end", "[1,]"},
      {"comma at the end of an object", R"({"a":1,})"},
      {"no value", R"({"a":})"},
      {"no colon", R"({"a" 1})"},
      {"key without quotes", "{a:1}"},
      {"single quotes", "{'a':1}"},
      {"a key twice", R"({"a":1,"a":1})"},
      {"a key twice, once escaped", R"({"a":1,"\u0061":2})"},
      {"a key twice, deep", R"([{"x":{"k":1,"k":2}}])"},
      {"empty key twice", R"({"":1,"":2})"},
      {"NaN", "NaN"},
      {"Infinity", "-Infinity"},
      {"capital true", "True"},
      {"half a word", "tru"},
      {"leading zero", "01"},
      {"plus", "+1"},
      {"point at the end", "1."},
      {"point first", ".5"},
      {"empty exponent", "1e"},
      {"hexadecimal", "0x10"},
      {"minus alone", "-"},
      {"beyond int64", "9223372036854775808"},
      {"below int64", "-9223372036854775809"},
      {"beyond uint64", "18446744073709551616"},
      {"a hundred digits", std::string(100, '9')},
      {"beyond a double", "1e400"},
      {"below a double", "-1e400"},
      {"control byte in a string", "\"a\nb\""},
      {"NUL in a string", std::string("\"a\0b\"", 5)},
      {"unknown escape", R"("\x41")"},
      {"half an escape", R"("\u00")"},
      {"lone high surrogate", R"("\ud800")"},
      {"lone low surrogate", R"("\udc00")"},
      {"surrogates in the wrong order", R"("\udc00\ud800")"},
      {"high surrogate and a letter", R"("\ud800a")"},
      {"bad byte", "\"\xff\""},
      {"overlong", "\"\xc0\xaf\""},
      {"encoded surrogate", "\"\xed\xa0\x80\""},
      {"cut character", "\"\xe2\x82\""},
      {"beyond Unicode", "\"\xf4\x90\x80\x80\""},
      {"bad byte in a key", "{\"\xff\":1}"},
      {"open string", "\"a"},
      {"open array", "[1"},
      {"open object", "{\"a\":1"},
      {"wrong end", "[1}"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto json = parse_json(row.text);
      REQUIRE_FALSE(json);
      CHECK(json.error().kind() == ErrorKind::invalid);
    }
  }
}

TEST_CASE("depth, values and bytes are limited, exactly") {
  for (const auto& [open, close] : {std::pair{'[', ']'}}) {
    CHECK(parse_json(nested(kMaxJsonDepth, open, close)));
    CHECK(parse_json(nested(kMaxJsonDepth + 1, open, close)).error().kind() == ErrorKind::limit);
  }
  std::string objects, ends;
  for (std::size_t i = 0; i < kMaxJsonDepth; ++i) objects += "{\"a\":", ends += '}';
  CHECK(parse_json(objects + "1" + ends));
  CHECK(parse_json("[" + objects + "1" + ends + "]").error().kind() == ErrorKind::limit);
  CHECK(parse_json(std::string(1'000'000, '[')).error().kind() == ErrorKind::limit);
  CHECK(parse_json("[1,2]", {.max_values = 3}));
  CHECK(parse_json("[1,2]", {.max_values = 2}).error().kind() == ErrorKind::limit);
  CHECK(parse_json("[1,2]", {.max_bytes = 5}));
  CHECK(parse_json("[1,2]", {.max_bytes = 4}).error().kind() == ErrorKind::limit);
}

TEST_CASE("an error says where") {
  CHECK(parse_json("{\n  \"a\": x}").error().message().starts_with("2:"));
  CHECK(parse_json("").error().message().starts_with("1:1: "));
  CHECK(parse_json("1 1").error().message() == "1:3: bytes after the document");
}

TEST_CASE("no document cut short is one, whatever its length") {
  const std::string text = R"({"a":[1,-2.5e3,"x\u00fc\n",true,null,{}],"b":{"c":[]}})";
  REQUIRE(parse_json(text));
  for (std::size_t size = 0; size < text.size(); ++size)
    CHECK_FALSE(parse_json(std::string_view(text).substr(0, size)));
}

TEST_CASE("values are what they say") {
  CHECK(parse_json(" null ").value().is_null());
  CHECK(parse_json("true").value().as_bool() == true);
  CHECK(parse_json("-9223372036854775808").value().as_int() == INT64_MIN);
  CHECK(parse_json("9223372036854775807").value().as_int() == INT64_MAX);
  CHECK(parse_json("-0").value().as_int() == 0);
  CHECK(parse_json("1.0").value().as_double() == 1.0);
  CHECK_FALSE(parse_json("1.0").value().as_int());
  CHECK(parse_json("0.1").value().as_double() == 0.1);
  CHECK(parse_json("1e-400").value().as_double() == 0.0);
  CHECK(*parse_json(R"("\ud83d\ude00\u0000")").value().as_string() ==
        std::string("\xf0\x9f\x98\x80\0", 5));
  const Json json = parse_json(R"({"b":[1,[]],"a":{"c":"d"}})").value();
  CHECK(to_json(json) == R"({"b":[1,[]],"a":{"c":"d"}})");
}

TEST_CASE("an object of many members finds each and still refuses a second") {
  std::string text = "{";
  for (int i = 0; i < 20'000; ++i)
    text += "\"k" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  const Json json = parse_json(text + "\"last\":1}").value();
  CHECK(json.get_int("k0") == 0);
  CHECK(json.get_int("k19999") == 19999);
  CHECK(json.get_int("k20000") == std::nullopt);
  CHECK_FALSE(parse_json(text + "\"k7\":1}"));
}
