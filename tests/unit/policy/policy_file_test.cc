#include <catch2/catch_test_macros.hpp>
#include <cstdint>

#include "policy/load.h"

namespace glovebox::policy {
namespace {

TEST_CASE("who could have written a policy file") {
  struct Row {
    const char* name;
    PolicyFileFacts facts;
    const char* refusal;  // null: trusted
  };
  constexpr std::uint32_t kOwn = 1000;
  const Row rows[] = {
      {"a link", {.regular = false, .symlink = true, .mode = 0777, .uid = 0}, "symbolic link"},
      {"a folder", {.regular = false, .mode = 0755, .uid = 0}, "not a regular file"},
      {"group can write", {.regular = true, .mode = 0664, .uid = 0}, "by group or others"},
      {"others can write", {.regular = true, .mode = 0602, .uid = kOwn}, "by group or others"},
      {"a stranger's", {.regular = true, .mode = 0644, .uid = 1001}, "belongs to user 1001"},
      {"nobody's", {.regular = true, .mode = 0600, .uid = 65534}, "belongs to user 65534"},
      {"root's", {.regular = true, .mode = 0644, .uid = 0}, nullptr},
      {"own", {.regular = true, .mode = 0600, .uid = kOwn}, nullptr},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto checked = check_policy_file(row.facts, kOwn);
      CHECK(checked.has_value() == (row.refusal == nullptr));
      if (row.refusal == nullptr || checked) continue;
      CHECK(checked.error().kind() == ErrorKind::denied);
      CHECK(checked.error().message().find(row.refusal) != std::string::npos);
    }
  }
}

}  // namespace
}  // namespace glovebox::policy
