// Filter texts: bytes -> table, and for small tables the whole way to a proved program.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "seccomp/filter.h"
#include "seccomp/floor.h"
#include "seccomp/lower.h"
#include "seccomp/parse.h"
#include "seccomp/prove.h"
#include "seccomp/table.h"

namespace {

using namespace glovebox::seccomp;

constexpr std::size_t kRulesToLower = 8;

bool check(std::string_view text) {
  const auto table = parse("fuzz.policy", text, builtin_set);
  if (!table) {
    if (table.error().empty()) std::abort();
    for (const TextError& error : table.error())
      if (error.line == 0 || error.column == 0) std::abort();
    return false;
  }
  if (to_text(*table).empty()) std::abort();
  check_floor(*table);
  if (table->rules.size() > kRulesToLower) return true;
  // Too large to load is an answer; a program that differs from its table is a bug.
  const auto program = lower(*table);
  if (program && check_program(*program) && find_difference(*table, *program)) std::abort();
  return true;
}

}  // namespace

bool fuzz_accepts(std::string_view text) {
  return check(text);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check({reinterpret_cast<const char*>(data), size});
  return 0;
}
