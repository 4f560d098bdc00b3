#include "codec/json_outline.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "codec/json.h"

using namespace glovebox;
using namespace glovebox::codec;

TEST_CASE("what has no outline") {
  for (const std::string_view text : {"",
                                      " ",
                                      "7",
                                      "\"a\"",
                                      "null",
                                      "[1",
                                      "{",
                                      "{\"a\":1",
                                      "{\"a\"",
                                      "{\"a\":",
                                      "{a:1}",
                                      "{1:1}",
                                      "{\"a\" 1}",
                                      "{\"a\":1,}",
                                      "{,}",
                                      "{\"a\":1}{}",
                                      "{\"a\":1} x",
                                      "{\"a\":1]",
                                      "{\"a\":[}",
                                      "{\"a\":[}]}",
                                      "{\"a\":\"}",
                                      "{\"a\":\"\\\"}",
                                      "{\"a\":1 2}",
                                      "{\"a\":,}",
                                      "{\"a\":]}",
                                      "{\"\\ud800\":1}",
                                      "{\"a\":\"\\"}) {
    INFO(text);
    CHECK_FALSE(outline_object(text));
  }
  for (const std::string_view text :
       {"", "{}", "[", "[1", "[1,", "[,1]", "[1,]", "[1 2]", "[1]]", "[}", "[{]}", "[\"]", "[:]"}) {
    INFO(text);
    CHECK_FALSE(outline_array(text));
  }
}

TEST_CASE("the members of an object") {
  const std::string deep = std::string(10000, '[') + std::string(10000, ']');
  struct Row {
    std::string text;
    std::vector<std::pair<std::string, std::string>> members;
  };
  for (const Row& row : std::vector<Row>{
           {"{}", {}},
           {" { } ", {}},
           {R"({"a":1})", {{"a", "1"}}},
           {R"( { "a" : 1 , "b" : [ 1, 2 ] } )", {{"a", "1"}, {"b", "[ 1, 2 ]"}}},
           {R"({"\u0061":{"a":"}"},"b":"\"]\\"})", {{"a", R"({"a":"}"})"}, {"b", R"("\"]\\")"}}},
           {R"({"a":1,"a":2})", {{"a", "1"}, {"a", "2"}}},
           {R"({"a":99999999999999999999,"b":1e999})",
            {{"a", "99999999999999999999"}, {"b", "1e999"}}},
           {R"({"a":"\ud800","b":nonsense})", {{"a", R"("\ud800")"}, {"b", "nonsense"}}},
           {R"({"a":[1,,:2],"b":{"x"}})", {{"a", "[1,,:2]"}, {"b", R"({"x"})"}}},
           {"{\"a\":" + deep + ",\"b\":2}", {{"a", deep}, {"b", "2"}}},
       }) {
    INFO(row.text.substr(0, 80));
    const auto outline = outline_object(row.text);
    REQUIRE(outline);
    std::vector<std::pair<std::string, std::string>> members;
    for (const OutlinedMember& member : *outline)
      members.emplace_back(member.key, std::string(member.value));
    CHECK(members == row.members);
  }
}

TEST_CASE("the elements of an array") {
  using Elements = std::vector<std::string_view>;
  CHECK(*outline_array("[]") == Elements{});
  CHECK(*outline_array("[ 1 , \"a,b\" ,[2,[3]], {\"c\":4} ,x ]") ==
        Elements{"1", "\"a,b\"", "[2,[3]]", "{\"c\":4}", "x"});
}

TEST_CASE("an outline that is cut anywhere is none") {
  const std::string text = R"({"a":[1,{"b":"c\""}],"d":"e","f":{"g":[]}})";
  REQUIRE(outline_object(text));
  for (std::size_t size = 0; size < text.size(); ++size) {
    INFO(size);
    CHECK_FALSE(outline_object(text.substr(0, size)));
  }
}
