#include "seccomp/expression.h"

#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "seccomp/parse.h"
#include "seccomp/table.h"

namespace glovebox::seccomp {
namespace {

struct Row {
  std::string text;
  std::string wanted;  // as it prints, or `at: message` begins with it
};

TEST_CASE("a wrong condition is refused where it goes wrong") {
  std::string many = "arg0 == 0";
  for (std::size_t i = 1; i <= kMaxConjunctions; ++i) many += " || arg0 == " + std::to_string(i);
  std::string set = "arg0 in {0";
  for (int i = 1; i <= 64; ++i) set += ", " + std::to_string(2 * i);
  const std::vector<Row> rows = {
      {"", "0: a comparison begins"},
      {"arg6 == 1", "0: a comparison begins"},
      {"arg == 1", "0: a comparison begins"},
      {"high(arg0) == 1", "0: a comparison begins"},
      {"low arg0 == 1", "4: `low` needs"},
      {"low(arg0 == 1", "9: `)` expected"},
      {"arg0", "4: `==` or `in`"},
      {"arg0 != 1", "5: `==` or `in`"},
      {"arg0 == ", "8: a value is missing"},
      {"arg0 == -1", "8: a value is missing"},
      {"arg0 == ~1", "8: a value is missing"},
      {"arg0 == 0x", "8: `0x` is no number"},
      {"arg0 == 12x", "8: `12x` is no number"},
      {"arg0 == 0xg", "8: `0xg` is no number"},
      {"arg0 == AF_NONE", "8: `AF_NONE` is no number"},
      {"arg0 == 1|", "10: a value is missing"},
      {"arg0 == 18446744073709551616", "8: `18446744073709551616` is no number"},
      {"low(arg0) == 0x100000000", "13: does not fit"},
      {"arg0 in {", "9: a value is missing"},
      {"arg0 in {}", "9: a value is missing"},
      {"arg0 in {1", "10: `}` expected"},
      {"arg0 in {1,}", "11: a value is missing"},
      {"arg0 in {2..1}", "9: a range that ends"},
      {"arg0 in {1, 1}", "14: 0x1 stands in the set twice"},
      {"arg0 in {1..5, 3}", "17: 0x3 stands in the set twice"},
      {set + "}", std::to_string(set.size() - 3) + ": more than 64"},
      {"low(arg0) in 0xffffffff", "0: every value"},
      {"arg1 == 2 && arg0 in {0..0xffffffffffffffff}", "13: every value"},
      {"(arg0 == 1", "10: `)` expected"},
      {"((((((((((arg0 == 1))))))))))", "9: too many brackets"},
      {"arg0 == 1 && arg0 == 2", "10: arg0 is compared twice"},
      {"arg0 == 1 && (arg1 == 1 || low(arg0) == 1)", "10: arg0 is compared twice"},
      {"arg0 == 1 &&", "12: a comparison begins"},
      {many, std::to_string(many.size()) + ": more than 32 alternatives"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.text.substr(0, 60)) {
      std::size_t position = 0;
      const auto made = parse_condition(row.text, position);
      REQUIRE(!made);
      const std::string error = std::to_string(made.error().at) + ": " + made.error().message;
      CHECK(error.substr(0, row.wanted.size()) == row.wanted);
    }
  }
}

TEST_CASE("a condition is multiplied out") {
  const std::vector<Row> rows = {
      {"arg0==1", "arg0 == 0x1"},
      {"arg5 == 0xffffffffffffffff", "arg5 == 0xffffffffffffffff"},
      {"low(arg0) == CLONE_VM|CLONE_FS", "low(arg0) == 0x300"},
      {"arg0 in 7", "arg0 in mask 0x7"},
      {"arg0 in {3, 1, 2}", "arg0 in 0x1..0x3"},
      {"arg0 in {1..4, 8}", "arg0 in 0x1..0x4,0x8"},
      {"arg1 == 1 && arg0 == 2", "arg0 == 0x2 && arg1 == 0x1"},
      {"arg0 == 1 || arg0 == 2 && arg1 == 3", "arg0 == 0x1 || arg0 == 0x2 && arg1 == 0x3"},
      {"(arg0 == 1 || arg0 == 2) && arg1 == 3",
       "arg0 == 0x1 && arg1 == 0x3 || arg0 == 0x2 && arg1 == 0x3"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.text) {
      std::size_t position = 0;
      const auto made = parse_condition(row.text, position);
      REQUIRE(made);
      CHECK(to_string(*made) == row.wanted);
      // Written anew it means the same.
      std::size_t again_at = 0;
      const std::string written = to_expression(*made);
      const auto again = parse_condition(written, again_at);
      CAPTURE(written);
      REQUIRE(again);
      CHECK(again_at == written.size());
      CHECK(to_string(*again) == row.wanted);
      CHECK(position == row.text.size());
    }
  }
}

}  // namespace
}  // namespace glovebox::seccomp
