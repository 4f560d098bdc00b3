#include "tools/grep.h"

#include <atomic>
#include <format>

#include "support.h"

using namespace glovebox;
using namespace glovebox::tools;
using namespace glovebox::tools::test;

using namespace std::string_literals;

namespace {

// Jumps by a second each time it is asked.
class HastyClock final : public Clock {
 public:
  WallTime wall() const override { return {}; }
  Duration boot() const override { return monotonic(); }
  Duration monotonic() const override { return seconds(asked_++); }

 private:
  mutable std::atomic<int> asked_ = 0;
};

}  // namespace

TEST_CASE("grep shows matching lines as path, line and text") {
  const Tree tree;
  tree.put("b.txt", "one\nNeedle two\r\nneedle three");
  tree.put("a/x", "needle\n");
  tree.put("a/bin", "needle before\n\0needle after\n"s);
  tree.put(".hidden", "needle hidden\n");
  tree.put(".git/x", "needle\n");
  tree.put("node_modules/x", "needle\n");
  tree.put("long",
           std::string(1990, 'y') + "needle\n" + std::string(2000, 'y') + "needle\nneedle z\n");
  tree.link("b.txt", "link");
  const std::string expected =
      "/workspace/.hidden:1:needle hidden\n"
      "/workspace/b.txt:3:needle three\n"
      "/workspace/long:1:" +
      std::string(1990, 'y') +
      "needle\n"
      "/workspace/long:3:needle z\n"
      "/workspace/a/bin:1:needle before\n"
      "/workspace/a/x:1:needle";
  const Row rows[] = {
      {"none", FileTool::grep, R"({"pattern":"nowhere"})", "no matches"},
      {"all", FileTool::grep, R"({"pattern":"needle"})", expected.c_str()},
      {"one file", FileTool::grep, R"({"pattern":"needle","path":"a/x"})",
       "/workspace/a/x:1:needle"},
      {"a file by a link", FileTool::grep, R"({"pattern":"three","path":"link"})",
       "/workspace/b.txt:3:needle three"},
      {"case", FileTool::grep, R"({"pattern":"(?i)needle t","path":"b.txt"})",
       "/workspace/b.txt:2:Needle two\n/workspace/b.txt:3:needle three"},
      {"a line ends before its CR", FileTool::grep, R"({"pattern":"two$","path":"b.txt"})",
       "/workspace/b.txt:2:Needle two"},
      {"a missing path", FileTool::grep, R"({"pattern":"x","path":"no/such"})", "no matches"},
      {"line ends", FileTool::grep, R"({"pattern":"^one$"})", "/workspace/b.txt:1:one"},
      {"text ends", FileTool::grep, R"({"pattern":"\\Aneedle\\z"})", "/workspace/a/x:1:needle"},
      {"not over lines", FileTool::grep, R"({"pattern":"one\\nNeedle"})", "no matches"},
      {"every line", FileTool::grep, R"({"pattern":"","path":"a/x"})",
       "!grep: pattern is required"},
      {"empty matches", FileTool::grep, R"({"pattern":"x*","path":"a/x"})",
       "/workspace/a/x:1:needle"},
  };
  for (const Row& row : rows) check(row, tree.roots());
}

TEST_CASE("grep cuts at whole lines and says so") {
  const Tree tree;
  for (int i = 0; i < 300; ++i) {
    tree.put(std::format("f{:03}", i), std::format("hit {}\nhit again\n", i));
  }
  ToolLimits limits;
  limits.max_grep_output = 60;
  for (const unsigned threads : {1u, 4u}) {
    limits.walk_threads = threads;
    check({"cut", FileTool::grep, R"({"pattern":"hit"})",
           "/workspace/f000:1:hit 0\n/workspace/f000:2:hit again\n"
           "[output truncated at 60 bytes]"},
          tree.roots(), limits);
  }
}

TEST_CASE("grep's answer does not depend on the threads") {
  const Tree tree;
  for (int i = 0; i < 500; ++i) {
    tree.put(std::format("d{}/f{:03}", i % 7, i), std::string(i * 50, '.') + "\nhit\n");
  }
  ToolLimits one;
  one.walk_threads = 1;
  ToolLimits four;
  four.walk_threads = 4;
  const std::string first =
      text_of(call(FileTool::grep, tree.roots(), R"({"pattern":"h.t"})", one));
  CHECK(text_of(call(FileTool::grep, tree.roots(), R"({"pattern":"h.t"})", four)) == first);
  CHECK(std::count(first.begin(), first.end(), '\n') == 499);
}

TEST_CASE("grep stops when its time is over") {
  const Tree tree;
  for (int i = 0; i < 100; ++i) tree.put(std::format("f{:03}", i), i < 2 ? "hit\n" : "no\n");
  ToolLimits limits;
  limits.walk_threads = 1;
  const HastyClock clock;
  SystemRandom random;
  const Roots roots = tree.roots();
  const ToolResult timed_out = run_file_tool(FileTool::grep, json(R"({"pattern":"nowhere"})"),
                                             {roots, limits, clock, random});
  CHECK(is_error(timed_out));
  CHECK(text_of(timed_out) == "grep: timed out after 60s");
  limits.grep_time = milliseconds(110'000);
  const HastyClock again;
  const ToolResult partial =
      run_file_tool(FileTool::grep, json(R"({"pattern":"hit"})"), {roots, limits, again, random});
  CHECK_FALSE(is_error(partial));
  CHECK(text_of(partial).ends_with("\n[the search was cut short after 110000 ms]"));
}

TEST_CASE("a hostile pattern takes linear time or is refused") {
  const Tree tree;
  tree.put("f", std::string(1900, 'a') + "\n");
  check({"backtracking", FileTool::grep, R"({"pattern":"(a*)*(a*)*(a*)*(a*)*b"})", "no matches"},
        tree.roots());
  const std::string huge = "{\"pattern\":\"" + std::string(kMaxPatternBytes + 1, 'a') + "\"}";
  CHECK(text_of(call(FileTool::grep, tree.roots(), huge)) ==
        "grep: pattern is longer than 65536 bytes");
  check({"repeats", FileTool::grep, R"({"pattern":"((a{100}){100}){100}"})",
         "!grep: invalid regex: invalid repetition size: {100}"},
        tree.roots());
}

TEST_CASE("grep and glob over 50,000 files") {
  const Tree tree;
  const int top = ::open(tree.in("").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  for (int folder = 0; folder < 50; ++folder) {
    const std::string name = std::format("d{:02}", folder);
    REQUIRE(::mkdirat(top, name.c_str(), 0700) == 0);
    const int fd = ::openat(top, name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 1001; ++i) {
      ::close(::openat(fd, std::format("f{:04}", i).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    }
    ::close(fd);
  }
  ::close(top);
  tree.put("d00/f0500", "needle");
  const ToolResult found = call(FileTool::grep, tree.roots(), R"({"pattern":"needle"})");
  CHECK(text_of(found) == "/workspace/d00/f0500:1:needle");
  // 50 folders and 50,050 files: more than a walk looks at.
  const std::string globbed = text_of(call(FileTool::glob, tree.roots(), R"({"pattern":"**/*"})"));
  CHECK(
      globbed.ends_with("\n[49750 more left out]\n[the search was cut short after 50000 entries]"));
}
