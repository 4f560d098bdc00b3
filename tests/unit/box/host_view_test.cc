#include "box/host_view.h"

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support.h"

namespace glovebox::box::test {

TEST_CASE("a path that leads over a link is no plain path") {
  const TestSession session;
  const std::string folder = session.folder();
  REQUIRE(::symlink(folder.c_str(), (folder + "/link").c_str()) == 0);
  REQUIRE(::symlink("work", (folder + "/last").c_str()) == 0);
  const KernelHostView view;
  struct Row {
    const char* name;
    std::string path;
    PathFacts::Kind kind;
    std::string target;
  };
  const Row rows[] = {
      {"in the middle", folder + "/link/work", PathFacts::Kind::symlink, folder + "/work"},
      {"twice", folder + "/link/link/work", PathFacts::Kind::symlink, folder + "/work"},
      {"the last name", folder + "/last", PathFacts::Kind::symlink, "work"},
      {"none", folder + "/work", PathFacts::Kind::directory, ""},
      {"the root", "/", PathFacts::Kind::directory, ""},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const auto facts = view.look(row.path);
    REQUIRE(facts);
    CHECK(facts->kind == row.kind);
    CHECK(facts->target == row.target);
  }
  CHECK_FALSE(view.look(folder + "/link/nothing"));
}

}  // namespace glovebox::box::test
