#include "base/nearest_word.h"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <string>

namespace glovebox {
namespace {

TEST_CASE("what a misspelt word may have been") {
  constexpr std::array<std::string_view, 3> kKnown = {"ptrace", "getpid", "getppid"};
  struct Row {
    const char* name;
    std::string word;
    std::string_view nearest;
  };
  const Row rows[] = {
      {"nothing", "", ""},
      {"too far", "clone", ""},
      {"too long", std::string(65, 'g'), ""},
      {"all of it wrong", "xy", ""},
      {"one letter", "ptrase", "ptrace"},
      {"two letters", "trrace", "ptrace"},
      {"the closer one", "getpidd", "getpid"},
      {"itself", "getppid", "getppid"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(nearest_word(row.word, kKnown) == row.nearest);
    }
  }
}

}  // namespace
}  // namespace glovebox
