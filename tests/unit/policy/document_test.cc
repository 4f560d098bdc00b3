#include "policy/document.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <string>
#include <variant>

namespace glovebox::policy {
namespace {

TEST_CASE("a text that is no TOML is refused at its place") {
  struct Row {
    const char* name;
    std::string text;
    Code code;
    std::uint32_t line;
  };
  const Row rows[] = {
      {"empty", "", Code::unreadable, 1},
      {"not UTF-8", "\xFF", Code::not_text, 1},
      {"no value", "a =\n", Code::syntax, 1},
      {"no key", "ok = 1\n= 1\n", Code::syntax, 2},
      {"key twice", "a = 1\nb = 1\na = 2\n", Code::syntax, 3},
      {"table twice", "[a]\n[a]\n", Code::syntax, 2},
      {"table over value", "a = 1\n[a]\n", Code::syntax, 2},
      {"inline table extended", "a = {}\n[a.b]\n", Code::syntax, 2},
      {"open string", "a = \"x\n", Code::syntax, 1},
      {"open array", "a = [1,\n", Code::syntax, 1},
      {"integer too large", "a = 9223372036854775808\n", Code::syntax, 1},
      {"no date", "a = 2027-02-30\n", Code::syntax, 1},
      {"bad escape", "a = \"\\q\"\n", Code::syntax, 1},
      {"brackets", "[[[\n", Code::syntax, 1},
      {"too deep", "a = [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]\n", Code::too_deep, 1},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto document = parse_document("x.toml", row.text);
      REQUIRE(!document);
      CHECK(document.error().code == row.code);
      CHECK(document.error().origin.file == "x.toml");
      CHECK(document.error().origin.line == row.line);
      CHECK(!document.error().message.empty());
    }
  }
}

struct Seen {
  std::uint32_t line, column, width;
  bool operator==(const Seen&) const = default;
};
Seen seen(const Key& key) {
  return {key.origin.line, key.origin.column, key.width};
}
Seen seen(const Value& value) {
  return {value.origin.line, value.origin.column, value.width};
}

TEST_CASE("every key and value knows its place") {
  const auto document = parse_document("x.toml",
                                       "zeta = 12\n"
                                       "\"caf\xC3\xA9\" = 'x'  # \xE2\x82\xAC\n"
                                       "list = [true,\n  -3]\n"
                                       "[section]\n"
                                       "a.b = 1.5\n"
                                       "[[many]]\n"
                                       "day = 2027-03-31\n"
                                       "[[many]]\n"
                                       "inline = { k = \"v\" }\n");
  REQUIRE(document);
  const Table& root = std::get<Table>(document->data);
  REQUIRE(root.entries.size() == 5);
  CHECK(root.entries[0].key.name == "zeta");  // in the order of the file
  CHECK(seen(root.entries[0].key) == Seen{1, 1, 4});
  CHECK(seen(root.entries[0].value) == Seen{1, 8, 2});
  CHECK(std::get<std::int64_t>(root.entries[0].value.data) == 12);
  CHECK(root.entries[1].key.name == "caf\xC3\xA9");
  CHECK(seen(root.entries[1].value) == Seen{2, 10, 3});
  CHECK(std::get<std::string>(root.entries[1].value.data) == "x");

  const Array& list = std::get<Array>(root.find("list")->value.data);
  REQUIRE(list.size() == 2);
  CHECK(std::get<bool>(list[0].data));
  CHECK(seen(list[0]) == Seen{3, 9, 4});
  CHECK(std::get<std::int64_t>(list[1].data) == -3);
  CHECK(seen(list[1]) == Seen{4, 3, 2});

  const Table& section = std::get<Table>(root.find("section")->value.data);
  const Table& dotted = std::get<Table>(section.find("a")->value.data);
  CHECK(std::get<double>(dotted.find("b")->value.data) == 1.5);

  const Array& many = std::get<Array>(root.find("many")->value.data);
  REQUIRE(many.size() == 2);
  CHECK(many[0].origin.line == 7);
  CHECK(many[1].origin.line == 9);
  const Table& first = std::get<Table>(many[0].data);
  CHECK(std::get<DateText>(first.find("day")->value.data).text == "2027-03-31");
  const Table& inline_table =
      std::get<Table>(std::get<Table>(many[1].data).find("inline")->value.data);
  CHECK(seen(inline_table.find("k")->key) == Seen{10, 12, 1});
  CHECK(root.find("absent") == nullptr);
}

// Found by the fuzzer: undefined behaviour in the library's test for blanks.
TEST_CASE("letters of all scripts where the library looks for blanks") {
  const std::string letters =
      "\xC2\xA1 \xC7\xBD \xD2\x99 \xE1\x91\xB2 \xE1\xB1\xB7 \xE2\x80\x93 \xE2\xB1\x9E \xE3\x80\x81 "
      "\xEF\xA5\xA6 \xEF\xBF\xBD \xF0\x9F\x8E\x89";
  for (const std::string& text :
       {"a " + letters + " = 1\n", letters + "\n", "a = " + letters + "\n",
        "a = 1 " + letters + "\n", "[a" + letters + "]\n"}) {
    CAPTURE(text);
    CHECK(!parse_document("x", text));
  }
  const auto document = parse_document("x", "# " + letters + "\n\"" + letters + "\" = '" + letters +
                                                "'\nb = \"\"\"\\\n  " + letters +
                                                "\"\"\"\nc = \"\\u00e9\\U0001F389\"\n");
  INFO((document ? "" : to_text(document.error(), "")));
  REQUIRE(document);
  const Table& root = std::get<Table>(document->data);
  CHECK(root.entries[0].key.name == letters);
  CHECK(std::get<std::string>(root.entries[0].value.data) == letters);
  CHECK(std::get<std::string>(root.entries[1].value.data) == letters);
  CHECK(std::get<std::string>(root.entries[2].value.data) == "\xC3\xA9\xF0\x9F\x8E\x89");
}

TEST_CASE("dates and times as they are written") {
  const auto document =
      parse_document("x",
                     "a = 07:32:00\nb = 1979-05-27T07:32:00Z\n"
                     "c = 1979-05-27T00:32:00.5-07:30\nd = 1979-05-27 07:32:01\n");
  REQUIRE(document);
  const Table& root = std::get<Table>(document->data);
  const char* const wanted[] = {"07:32:00", "1979-05-27T07:32:00Z",
                                "1979-05-27T00:32:00.500000000-07:30", "1979-05-27T07:32:01"};
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(std::get<DateText>(root.entries[i].value.data).text == wanted[i]);
}

}  // namespace
}  // namespace glovebox::policy
