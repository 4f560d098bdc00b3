// The texts of refusals are in file_tool_test.cc; here is what comes out of inputs that are taken.
#include "tools/input.h"

#include <string>

#include "support.h"
#include "tools/limits.h"

using namespace glovebox::tools;
using namespace glovebox::tools::test;

TEST_CASE("what stands for nothing is a missing value") {
  for (const char* input :
       {"{}", "[]", "5", "null", R"({"file_path":""})", R"({"file_path":false})",
        R"({"file_path":0})", R"({"file_path":0.0})", R"({"file_path":null})"}) {
    CAPTURE(input);
    const auto read = read_input(json(input));
    REQUIRE_FALSE(read);
    CHECK(text_of(read.error()) == "read: file_path is required");
  }
}

TEST_CASE("a path of 100 KiB is read, a longer one is refused") {
  const auto with = [](std::size_t size) {
    return json("{\"file_path\":\"" + std::string(size, 'a') + "\"}");
  };
  CHECK(read_input(with(kMaxPathInputBytes)));
  const auto longer = read_input(with(kMaxPathInputBytes + 1));
  REQUIRE_FALSE(longer);
  CHECK(text_of(longer.error()) == "read: file_path is longer than 102400 bytes");
}

TEST_CASE("ranges as they are written") {
  const struct {
    const char* range;
    RangeInput kind;
    LineRange lines;
  } rows[] = {
      {"null", RangeInput::whole_file, {}},      {"[]", RangeInput::whole_file, {}},
      {"{}", RangeInput::malformed, {}},         {"[1,2,3]", RangeInput::malformed, {}},
      {"[1.5,2]", RangeInput::malformed, {}},    {"[1,null]", RangeInput::malformed, {}},
      {"[1e300,2]", RangeInput::malformed, {}},  {"[1,2]", RangeInput::lines, {1, 2}},
      {"[1.0,2e1]", RangeInput::lines, {1, 20}}, {"[-3,-1]", RangeInput::lines, {-3, -1}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.range);
    const auto read =
        read_input(json(std::string(R"({"file_path":"f","view_range":)") + row.range + "}"));
    REQUIRE(read);
    CHECK(read->range_input == row.kind);
    if (row.kind == RangeInput::lines) CHECK(read->range == row.lines);
  }
}

TEST_CASE("values of the other tools") {
  CHECK(write_input(json(R"({"file_path":"f"})"))->content.empty());
  const auto edit =
      edit_input(json(R"({"file_path":"f","old_string":"a","new_string":"","replace_all":true})"));
  REQUIRE(edit);
  CHECK((edit->old_string == "a" && edit->new_string.empty()));
  CHECK(edit->replace_all == ReplaceAll::yes);
  CHECK(grep_input(json(R"({"pattern":"p","path":null})"))->path.empty());
  CHECK(glob_input(json(R"({"pattern":"p","path":"d"})"))->path == "d");
  CHECK_FALSE(glob_input(json(R"({"pattern":"p","path":5})")));
}
