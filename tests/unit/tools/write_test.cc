#include "tools/write.h"

#include "support.h"

using namespace glovebox;
using namespace glovebox::tools;
using namespace glovebox::tools::test;

namespace {

unsigned mode_of(const std::filesystem::path& path) {
  struct stat status{};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("new files are private, an existing file keeps its mode") {
  const Tree tree;
  tree.put("x", "old");
  std::filesystem::permissions(tree.in("x"), std::filesystem::perms(0754));
  const Roots roots = tree.roots();
  call(FileTool::write, roots, R"({"file_path":"x","content":"new"})");
  call(FileTool::write, roots, R"({"file_path":"d/e/y","content":"new"})");
  CHECK(mode_of(tree.in("x")) == 0754);
  CHECK(mode_of(tree.in("d/e/y")) == 0600);
  CHECK(mode_of(tree.in("d/e")) == 0700);
  CHECK(tree.get("x") == "new");
}

TEST_CASE("a file is replaced, not overwritten: its other names keep the old content") {
  const Tree tree;
  tree.put("x", "old");
  std::filesystem::create_hard_link(tree.in("x"), tree.in("twin"));
  call(FileTool::write, tree.roots(), R"({"file_path":"x","content":"new"})");
  CHECK(tree.get("x") == "new");
  CHECK(tree.get("twin") == "old");
}

TEST_CASE("a link inside the workspace is followed, and stays") {
  const Tree tree;
  tree.put("real", "old");
  tree.link("real", "alias");
  tree.link("made", "dangling");
  call(FileTool::write, tree.roots(), R"({"file_path":"alias","content":"new"})");
  call(FileTool::write, tree.roots(), R"({"file_path":"dangling","content":"new"})");
  CHECK(tree.get("real") == "new");
  CHECK(tree.get("made") == "new");
  CHECK(std::filesystem::is_symlink(tree.in("alias")));
}
