#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/document.h"
#include "support.h"

namespace glovebox::policy {
namespace {

// The value of `v` in `v = …`.
Value value_of(const std::string& text) {
  auto document = parse_document("x", "v = " + text + "\n");
  REQUIRE(document);
  return std::get<Table>(document->data).entries.at(0).value;
}

enum class Colour { red, blue };

TEST_CASE("a value of a wrong type is noted at its place") {
  struct Row {
    const char* name;
    void (*demand)(DocumentReader&, const Value&);
    const char* message;
  };
  const Row rows[] = {
      {"text", [](DocumentReader& r, const Value& v) { CHECK(!r.text(v, "it")); },
       "it must be a string"},
      {"table", [](DocumentReader& r, const Value& v) { CHECK(!r.table(v, "it")); },
       "it must be a table"},
      {"array", [](DocumentReader& r, const Value& v) { CHECK(!r.array(v, "it")); },
       "it must be a list"},
      {"flag", [](DocumentReader& r, const Value& v) { CHECK(!r.flag(v, "it")); },
       "it must be true or false"},
      {"integer", [](DocumentReader& r, const Value& v) { CHECK(!r.integer(v, "it", 0, 9)); },
       "it must be an integer"},
      {"word",
       [](DocumentReader& r, const Value& v) {
         CHECK(!r.word<Colour>(v, "it", {{"red", Colour::red}}));
       },
       "it must be a string"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      DocumentReader reader;
      row.demand(reader, value_of("1.5"));
      CHECK(!reader.clean());
      const auto found = reader.take_diagnostics();
      CHECK(reader.clean());
      REQUIRE(places(found) == std::vector<std::string>{"GB0011 1:5"});
      CHECK(found[0].message == row.message);
      CHECK(found[0].width == 3);
    }
  }
}

TEST_CASE("numbers keep to their range") {
  DocumentReader reader;
  CHECK(!reader.integer(value_of("0"), "it", 1, 3));
  CHECK(!reader.integer(value_of("4"), "it", 1, 3));
  const auto found = reader.take_diagnostics();
  REQUIRE(found.size() == 2);
  CHECK(found[0].message == "it must be 1 to 3");
  CHECK(found[0].code == Code::bad_value);
  CHECK(reader.integer(value_of("1"), "it", 1, 3) == 1);
  CHECK(reader.integer(value_of("3"), "it", 1, 3) == 3);
  CHECK(reader.clean());
}

TEST_CASE("words are the known ones") {
  DocumentReader reader;
  const auto read = [&](const std::string& text) {
    return reader.word<Colour>(value_of(text), "it",
                               {{"red", Colour::red}, {"blue", Colour::blue}});
  };
  CHECK(!read("\"Red\""));
  CHECK(!read("\"\""));
  CHECK(reader.take_diagnostics()[0].message == "it must be one of \"red\", \"blue\"");
  CHECK(read("\"blue\"") == Colour::blue);
}

TEST_CASE("quantities have one known unit and fit") {
  constexpr std::array kUnits = {DocumentReader::Unit{"s", 1}, DocumentReader::Unit{"m", 60}};
  DocumentReader reader;
  const auto read = [&](const std::string& text) {
    return reader.quantity(value_of(text), "it", "a time", kUnits, 600);
  };
  for (const char* wrong : {"\"\"", "\"s\"", "\"5\"", "\"0s\"", "\"5 s\"", "\"-5s\"", "\"5h\"",
                            "\"5s \"", "\"1.5m\"", "\"+5s\"", "\"0x5s\"", "5"}) {
    CAPTURE(wrong);
    CHECK(!read(wrong));
    CHECK(reader.take_diagnostics().size() == 1);
  }
  for (const char* vast :
       {"\"601s\"", "\"11m\"", "\"18446744073709551615m\"", "\"99999999999999999999s\""}) {
    CAPTURE(vast);
    CHECK(!read(vast));
    CHECK(reader.take_diagnostics().at(0).message == "it is beyond what any limit may be");
  }
  CHECK(read("\"600s\"") == 600);
  CHECK(read("\"10m\"") == 600);
  CHECK(reader.clean());
}

TEST_CASE("unknown and missing keys") {
  const auto document = parse_document("x", "b = 1\nnmae = 2\n");
  REQUIRE(document);
  const Table& table = std::get<Table>(document->data);
  DocumentReader reader;
  reader.only_keys(table, "a thing", {"b", "name"});
  CHECK(reader.require(table, *document, "name", "a thing") == nullptr);
  CHECK(reader.require(table, *document, "b", "a thing") != nullptr);
  const auto found = reader.take_diagnostics();
  REQUIRE(found.size() == 2);
  CHECK(found[0].message == "a thing needs `name`");
  CHECK(found[0].code == Code::missing_key);
  CHECK(found[1].message == "unknown key `nmae` in a thing");
  CHECK(found[1].hint == "did you mean `name`?");
}

TEST_CASE("diagnostics come by place") {
  DocumentReader reader;
  for (const std::uint32_t line : {3u, 1u, 2u})
    reader.report({Code::bad_value, {"x", line, 1}, 1, std::to_string(line), ""});
  CHECK(places(reader.take_diagnostics()) ==
        std::vector<std::string>{"GB0012 1:1", "GB0012 2:1", "GB0012 3:1"});
}

}  // namespace
}  // namespace glovebox::policy
