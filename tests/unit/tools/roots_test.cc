#include "tools/roots.h"

#include "support.h"

using namespace glovebox::tools;
using namespace glovebox::tools::test;

TEST_CASE("roots that are refused") {
  const Tree tree;
  const auto folder = tree.path("workspace");
  for (const char* path : {"", "workspace", "/", "/a/", "/a//b", "/a/./b", "/a/../b"}) {
    CAPTURE(path);
    CHECK_FALSE(Roots::make(Tree::root(folder, path)));
  }
  Root closed;
  closed.path = "/workspace";
  CHECK_FALSE(Roots::make(std::move(closed)));
  std::vector<Root> twin;
  twin.push_back(Tree::root(folder, "/workspace"));
  CHECK_FALSE(Roots::make(Tree::root(folder, "/workspace"), std::move(twin)));
  CHECK_FALSE(Roots::make(Tree::root(folder, "/workspace"), {}, "relative"));
}

TEST_CASE("the deepest root decides") {
  const Tree tree;
  std::vector<Root> extra;
  extra.push_back(Tree::root(tree.path("memory"), "/workspace/skills", RootAccess::read_only));
  const auto roots =
      Roots::make(Tree::root(tree.path("workspace"), "/workspace"), std::move(extra));
  REQUIRE(roots);
  CHECK(roots->holding("/workspace")->path == "/workspace");
  CHECK(roots->holding("/workspace/skills")->path == "/workspace/skills");
  CHECK(roots->holding("/workspace/skills/a")->access == RootAccess::read_only);
  CHECK(roots->holding("/workspace/skills2")->path == "/workspace");
  CHECK(roots->holding("/workspacex") == nullptr);
  CHECK(roots->at("/workspace/skills") != nullptr);
  CHECK(roots->at("/workspace/skills/a") == nullptr);
  CHECK(text_of(call(FileTool::write, *roots, R"({"file_path":"skills/x","content":""})")) ==
        "write: skills/x is inside read-only directory /workspace/skills");
}
