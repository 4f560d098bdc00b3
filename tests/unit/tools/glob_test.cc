#include "tools/glob.h"

#include <format>

#include "support.h"

using namespace glovebox;
using namespace glovebox::tools;
using namespace glovebox::tools::test;

namespace {

void set_time(const std::filesystem::path& path, std::int64_t when) {
  const timespec times[] = {{when, 0}, {when, 0}};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0);
}

}  // namespace

TEST_CASE("glob shows files, newest first") {
  const Tree tree;
  for (const char* name : {"a.c", "b.c", "sub/c.c", "sub/.hid.c", ".dot/d.c", ".git/e.c",
                           "node_modules/m/f.c", "g.h"}) {
    tree.put(name, "x");
    set_time(tree.in(name), 1000);
  }
  set_time(tree.in("sub/c.c"), 3000);
  set_time(tree.in("b.c"), 2000);
  tree.link("a.c", "link.c");
  tree.link("sub", "subs");
  std::filesystem::create_directory(tree.in("dir.c"));
  const Row rows[] = {
      {"none", FileTool::glob, R"({"pattern":"*.zig"})", "no matches"},
      {"one folder", FileTool::glob, R"({"pattern":"*.c"})", "/workspace/b.c\n/workspace/a.c"},
      {"any depth", FileTool::glob, R"({"pattern":"**/*.c"})",
       "/workspace/sub/c.c\n/workspace/b.c\n/workspace/a.c"},
      {"a named dot", FileTool::glob, R"({"pattern":".dot/*"})", "/workspace/.dot/d.c"},
      {"below a path", FileTool::glob, R"({"pattern":"*.c","path":"sub"})", "/workspace/sub/c.c"},
      {"a path that is a link", FileTool::glob, R"({"pattern":"*.c","path":"subs"})",
       "/workspace/sub/c.c"},
      {"a named link", FileTool::glob, R"({"pattern":"subs/*.c"})", "/workspace/subs/c.c"},
      {"links are not walked", FileTool::glob, R"({"pattern":"sub*/*.c"})", "/workspace/sub/c.c"},
      {"git stays out", FileTool::glob, R"({"pattern":"{.git,node_modules/m}/*.c"})", "no matches"},
      {"git stays out by its name", FileTool::glob, R"({"pattern":".git/*"})", "no matches"},
      {"modules stay out by their name", FileTool::glob, R"({"pattern":"node_modules/m/**"})",
       "no matches"},
      {"unless they are the path", FileTool::glob, R"({"pattern":"*","path":"node_modules/m"})",
       "/workspace/node_modules/m/f.c"},
      {"an empty path", FileTool::glob, R"({"pattern":"g.h","path":""})", "/workspace/g.h"},
  };
  for (const Row& row : rows) check(row, tree.roots());
}

TEST_CASE("glob says what it left out") {
  const Tree tree;
  for (int i = 0; i < 10; ++i) {
    tree.put(std::format("f{}", i), "");
    set_time(tree.in(std::format("f{}", i)), 100 - i);
  }
  ToolLimits limits;
  limits.max_glob_results = 2;
  check({"results", FileTool::glob, R"({"pattern":"*"})",
         "/workspace/f0\n/workspace/f1\n[8 more left out]"},
        tree.roots(), limits);
  limits = {};
  limits.max_walk_entries = 5;
  check({"entries", FileTool::glob, R"({"pattern":"nothing"})",
         "no matches\n[the search was cut short after 5 entries]"},
        tree.roots(), limits);
}

TEST_CASE("a name must not look like two") {
  const Tree tree;
  tree.put("a\nb\x1b[31m", "");
  check({"controls", FileTool::glob, R"({"pattern":"*"})", "/workspace/a<x0a>b<x1b>[31m"},
        tree.roots());
}

TEST_CASE("loops and very deep trees end") {
  const Tree tree;
  tree.put("f.txt", "needle");
  tree.link(".", "self");
  tree.link("..", "parent");
  tree.link("/proc/self/root", "proc");
  // 400 levels of 200 bytes: 80 kB of path, far over what a path may have.
  const int top = ::open(tree.in("").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  int here = ::dup(top);
  const std::string name(200, 'd');
  for (int i = 0; i < 400; ++i) {
    REQUIRE(::mkdirat(here, name.c_str(), 0700) == 0);
    const int next = ::openat(here, name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    ::close(here);
    here = next;
  }
  ::close(here);
  ::close(top);
  check({"glob", FileTool::glob, R"({"pattern":"**/*.txt"})",
         "/workspace/f.txt\n[the search was cut short after 50000 entries]"},
        tree.roots());
  check({"grep", FileTool::grep, R"({"pattern":"needle"})", "/workspace/f.txt:1:needle"},
        tree.roots());
}
