#include "tools/walk.h"

#include "support.h"

using namespace glovebox::tools;
using namespace glovebox::tools::test;

namespace {

std::string walked(const Tree& tree, WalkLimits limits, WalkEnd* end = nullptr) {
  std::string seen;
  const glovebox::UniqueFd start(::open(tree.in("").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const WalkVisitor visitor{
      .enters = [](std::string_view, std::string_view name) { return name != "closed"; },
      .file =
          [&](int, std::string_view parent, std::string_view name) {
            seen += joined_path(parent, name) + ' ';
            return name != "last";
          }};
  const WalkEnd ended = walk_files(start.get(), limits, visitor);
  if (end != nullptr) *end = ended;
  return seen;
}

}  // namespace

TEST_CASE("a walk goes in order and enters what it may") {
  const Tree tree;
  for (const char* file : {"b", "a/2", "a/1", "a/deep/x", "c/y", "closed/z", ".git/g", ".h/h"}) {
    tree.put(file, "");
  }
  tree.link("a", "link");
  REQUIRE(::mkfifo(tree.in("fifo").c_str(), 0600) == 0);
  WalkEnd end;
  CHECK(walked(tree, {1000, 40}, &end) == "b .h/h a/1 a/2 a/deep/x c/y ");
  CHECK_FALSE(end.is_cut);
  CHECK(walked(tree, {1000, 1}, &end) == "b .h/h a/1 a/2 c/y ");
  CHECK(end.is_cut);
  CHECK(walked(tree, {1000, 0}) == "b ");
  tree.put("a/0last/last", "");
  CHECK(walked(tree, {1000, 40}) == "b .h/h a/1 a/2 a/0last/last ");
}

TEST_CASE("a walk ends at its limit of entries") {
  const Tree tree;
  for (int i = 0; i < 100; ++i) tree.put("f" + std::to_string(i), "");
  WalkEnd end;
  const std::string seen = walked(tree, {10, 40}, &end);
  CHECK(std::count(seen.begin(), seen.end(), ' ') == 10);
  CHECK(end.is_cut);
  walked(tree, {100, 40}, &end);
  CHECK_FALSE(end.is_cut);
}
