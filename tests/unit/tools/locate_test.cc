// Where paths lead. The texts of refusals are in file_tool_test.cc.
#include <format>

#include "support.h"
#include "tools/confined.h"

using namespace glovebox;
using namespace glovebox::tools;
using namespace glovebox::tools::test;

TEST_CASE("where a path leads") {
  const Tree tree;
  tree.put("d/f", "x");
  tree.link("d", "to-d");
  tree.link("/workspace/d/f", "absolute");
  tree.link("to-d/../d/f", "winding");
  tree.link("/outside/elsewhere/../../workspace/d", "out-and-in");
  tree.link("/mnt/memory", "memory");
  tree.link("missing/x", "dangling");
  const Roots roots = tree.roots_with_memory();
  const struct {
    const char* given;
    const char* path;  // empty: refused
  } rows[] = {
      {"/", ""},
      {"..", ""},
      {"d/../../x", ""},
      {"/mnt", ""},
      {"/workspace/../etc", ""},
      {"", "/workspace"},
      {".", "/workspace"},
      {"/workspace/", "/workspace"},
      {"d/f", "/workspace/d/f"},
      {"./d//f/", "/workspace/d/f"},
      {"to-d/f", "/workspace/d/f"},
      {"absolute", "/workspace/d/f"},
      {"winding", "/workspace/d/f"},
      {"out-and-in/f", "/workspace/d/f"},
      {"memory/x", "/mnt/memory/x"},
      {"dangling", "/workspace/missing/x"},
      {"no/such/thing", "/workspace/no/such/thing"},
      {"no/../d/f", "/workspace/d/f"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.given);
    const auto place = locate(roots, row.given);
    CHECK((place ? place->path : "") == row.path);
    if (place) CHECK(place->root == roots.holding(place->path));
  }
}

TEST_CASE("forty links are followed, more are a loop") {
  const Tree tree;
  tree.put("end", "x");
  tree.link("end", "l1");
  for (int i = 2; i <= 41; ++i) tree.link(std::format("l{}", i - 1), std::format("l{}", i));
  const Roots roots = tree.roots();
  CHECK(locate(roots, "l40")->path == "/workspace/end");
  const auto refused = locate(roots, "l41");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text == "path \"l41\": too many levels of symbolic links");
}
