#include "tools/edit.h"

#include <signal.h>
#include <sys/resource.h>

#include "support.h"

using namespace glovebox;
using namespace glovebox::tools;
using namespace glovebox::tools::test;

TEST_CASE("bytes that are not UTF-8 stay as they are") {
  const Tree tree;
  tree.put("b", "\xff\xfe old \x80\r\n");
  const ToolResult result = call(FileTool::edit, tree.roots(),
                                 R"({"file_path":"b","old_string":"old","new_string":"new"})");
  CHECK(text_of(result) == "edited b (1 replacement(s))");
  CHECK(tree.get("b") == "\xff\xfe new \x80\r\n");
}

TEST_CASE("occurrences do not overlap") {
  const Tree tree;
  tree.put("o", "aaaa");
  const ToolResult result =
      call(FileTool::edit, tree.roots(),
           R"({"file_path":"o","old_string":"aa","new_string":"aaa","replace_all":true})");
  CHECK(text_of(result) == "edited o (2 replacement(s))");
  CHECK(tree.get("o") == "aaaaaa");
}

TEST_CASE("an empty new text deletes") {
  const Tree tree;
  tree.put("d", "keep cut keep");
  call(FileTool::edit, tree.roots(), R"({"file_path":"d","old_string":" cut","new_string":""})");
  CHECK(tree.get("d") == "keep keep");
}

TEST_CASE("a failing save is told as the save's, and the file is as it was") {
  const Tree tree;
  tree.put("f", "x");
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit nothing{0, before.rlim_max};
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &nothing) == 0);
  const ToolResult result =
      call(FileTool::edit, tree.roots(), R"({"file_path":"f","old_string":"x","new_string":"y"})");
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  CHECK(text_of(result) == "edit: write: f: i/o error (EFBIG)");
  CHECK(tree.get("f") == "x");
}
