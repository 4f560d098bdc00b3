// The golden texts of the file tools, tool by tool: the contract word by word, refusals first.
#include "tools/file_tool.h"

#include "support.h"

using namespace glovebox;
using namespace glovebox::tools;
using namespace glovebox::tools::test;

TEST_CASE("file tools by name") {
  for (const char* name : {"read", "write", "edit", "glob", "grep"}) {
    REQUIRE(file_tool_named(name));
    CHECK(to_string(*file_tool_named(name)) == name);
  }
  for (const char* name : {"", "bash", "Read", "read ", "grep2"})
    CHECK_FALSE(file_tool_named(name));
}

TEST_CASE("texts of refused inputs") {
  const Tree tree;
  const Roots roots = tree.roots();
  const Row rows[] = {
      {"read nothing", FileTool::read, "{}", "!read: file_path is required"},
      {"read null", FileTool::read, R"({"file_path":null})", "!read: file_path is required"},
      {"read empty", FileTool::read, R"({"file_path":""})", "!read: file_path is required"},
      {"read a number", FileTool::read, R"({"file_path":7})", "!read: file_path must be a string"},
      {"read NUL", FileTool::read, R"({"file_path":"a\u0000"})",
       "!read: file_path contains a NUL byte"},
      {"range of one", FileTool::read, R"({"file_path":"f","view_range":[1]})",
       "!read: view_range must be [start_line, end_line]"},
      {"range of texts", FileTool::read, R"({"file_path":"f","view_range":["1","2"]})",
       "!read: view_range must be [start_line, end_line]"},
      {"range is text", FileTool::read, R"({"file_path":"f","view_range":"1"})",
       "!read: view_range must be [start_line, end_line]"},
      {"the path comes before the range", FileTool::read, R"({"file_path":"/x","view_range":[1]})",
       "!path \"/x\" is outside the session's working directory"},
      {"write nothing", FileTool::write, "{}", "!write: file_path is required"},
      {"write a number", FileTool::write, R"({"file_path":"f","content":1})",
       "!write: content must be a string"},
      {"edit nothing", FileTool::edit, "{}", "!edit: file_path is required"},
      {"edit no old", FileTool::edit, R"({"file_path":"f"})", "!edit: old_string is required"},
      {"edit empty old", FileTool::edit, R"({"file_path":"f","old_string":"","new_string":""})",
       "!edit: old_string is required"},
      {"edit no new", FileTool::edit, R"({"file_path":"f","old_string":"a"})",
       "!edit: new_string must be a string"},
      {"edit all is text", FileTool::edit,
       R"({"file_path":"f","old_string":"a","new_string":"b","replace_all":"x"})",
       "!edit: replace_all must be a boolean"},
      {"glob nothing", FileTool::glob, "{}", "!glob: pattern is required"},
      {"glob absolute", FileTool::glob, R"({"pattern":"/etc/*"})",
       "!glob: absolute pattern not permitted; pass a relative pattern (and optionally path)"},
      {"glob hidden absolute", FileTool::glob, R"({"pattern":"{a,/etc/*}"})",
       "!glob: absolute pattern not permitted; pass a relative pattern (and optionally path)"},
      {"glob dot-dot", FileTool::glob, R"({"pattern":"a/../../b"})",
       "!glob: \"..\" is not permitted in the pattern"},
      {"glob hidden dot-dot", FileTool::glob, R"({"pattern":"{x,.}{.,y}/b"})",
       "!glob: \"..\" is not permitted in the pattern"},
      {"glob quoted dot-dot", FileTool::glob, R"({"pattern":"\\../b"})",
       "!glob: \"..\" is not permitted in the pattern"},
      {"glob too many", FileTool::glob, R"({"pattern":"{1..99}{1..99}"})",
       "!glob: the pattern has too many alternatives"},
      {"grep nothing", FileTool::grep, "{}", "!grep: pattern is required"},
      {"grep bad pattern", FileTool::grep, R"({"pattern":"a("})",
       "!grep: invalid regex: missing ): a("},
      {"grep a missing path", FileTool::grep, R"({"pattern":"a","path":"no"})", "no matches"},
  };
  for (const Row& row : rows) check(row, roots);
}

TEST_CASE("texts of paths that may not be used") {
  const Tree tree;
  tree.put("file", "x");
  tree.put_outside("secret", "canary");
  tree.link(tree.path("outside").string(), "out");
  tree.link("loop", "loop");
  tree.link("../../../../../../etc/passwd", "up");
  tree.link("/etc/nothing-there", "dangling");
  const Roots roots = tree.roots();
  const std::string longest = "{\"file_path\":\"" + std::string(300, 'a') + "\"}";
  const Row rows[] = {
      {"absolute", FileTool::read, R"({"file_path":"/etc/passwd"})",
       "!path \"/etc/passwd\" is outside the session's working directory"},
      {"dot-dot", FileTool::read, R"({"file_path":"../x"})",
       "!path \"../x\" is outside the session's working directory"},
      {"a quote is shown as JSON", FileTool::read, R"({"file_path":"/a\"\n"})",
       "!path \"/a\\\"\\n\" is outside the session's working directory"},
      {"home is a name", FileTool::read, R"({"file_path":"~/x"})",
       "!read: ~/x: no such file or directory"},
      {"a variable is a name", FileTool::read, R"({"file_path":"$HOME"})",
       "!read: $HOME: no such file or directory"},
      {"a sibling with the same beginning", FileTool::read, R"({"file_path":"/workspace2/x"})",
       "!path \"/workspace2/x\" is outside the session's working directory"},
      {"a link out", FileTool::read, R"({"file_path":"out/secret"})",
       "!path \"out/secret\" is outside the session's working directory"},
      {"a link up", FileTool::read, R"({"file_path":"up"})",
       "!path \"up\" is outside the session's working directory"},
      {"write through a link", FileTool::write, R"({"file_path":"out/new","content":"x"})",
       "!path \"out/new\" is outside the session's working directory"},
      {"write to a dangling link", FileTool::write, R"({"file_path":"dangling","content":"x"})",
       "!path \"dangling\" is outside the session's working directory"},
      {"edit through a link", FileTool::edit,
       R"({"file_path":"out/secret","old_string":"c","new_string":"x"})",
       "!path \"out/secret\" is outside the session's working directory"},
      {"glob through a link", FileTool::glob, R"({"pattern":"*","path":"out"})",
       "!path \"out\" is outside the session's working directory"},
      {"glob names a link", FileTool::glob, R"({"pattern":"out/*"})", "no matches"},
      {"grep through a link", FileTool::grep, R"({"pattern":"canary","path":"out"})",
       "!path \"out\" is outside the session's working directory"},
      {"grep finds no link", FileTool::grep, R"({"pattern":"canary"})", "no matches"},
      {"a loop", FileTool::read, R"({"file_path":"loop"})",
       "!path \"loop\": too many levels of symbolic links"},
      {"below a file", FileTool::read, R"({"file_path":"file/x"})",
       "!read: file/x: not a directory"},
      {"write below a file", FileTool::write, R"({"file_path":"file/x","content":""})",
       "!write: file/x: i/o error (EEXIST)"},
  };
  for (const Row& row : rows) check(row, roots);
  CHECK(tree.bytes(tree.path("outside/secret")) == "canary");
  CHECK_FALSE(std::filesystem::exists(tree.path("outside/new")));
  CHECK(text_of(call(FileTool::read, roots, longest)) ==
        "path \"" + std::string(300, 'a') + "\": file name too long");
}

TEST_CASE("texts with extra roots") {
  const Tree tree;
  std::ofstream(tree.path("memory/note")) << "a note";
  const Roots roots = tree.roots_with_memory();
  const Row rows[] = {
      {"outside all", FileTool::read, R"({"file_path":"/etc/passwd"})",
       "!path \"/etc/passwd\" is outside the session's working directory and its other permitted "
       "directories"},
      {"write", FileTool::write, R"({"file_path":"/mnt/memory/x","content":"x"})",
       "!write: /mnt/memory/x is inside read-only directory /mnt/memory"},
      {"edit", FileTool::edit,
       R"({"file_path":"/mnt/memory/note","old_string":"a","new_string":"b"})",
       "!edit: /mnt/memory/note is inside read-only directory /mnt/memory"},
      {"read", FileTool::read, R"({"file_path":"/mnt/memory/note"})", "a note"},
      {"glob", FileTool::glob, R"({"pattern":"*","path":"/mnt/memory"})", "/mnt/memory/note"},
      {"grep", FileTool::grep, R"({"pattern":"note","path":"/mnt/memory"})",
       "/mnt/memory/note:1:a note"},
  };
  for (const Row& row : rows) check(row, roots);
  check({"a silent root is not spoken of", FileTool::read, R"({"file_path":"/etc/passwd"})",
         "!path \"/etc/passwd\" is outside the session's working directory"},
        tree.roots_with_memory(RootNaming::silent));
}

TEST_CASE("texts of what is found at a path") {
  const Tree tree;
  tree.put("f", "one\ntwo\nthree");
  tree.put("two", "aa bb aa");
  tree.put("large", std::string(70, 'x') + "\n" + std::string(70, 'y') + "\nz\n");
  std::filesystem::create_directory(tree.in("dir"));
  REQUIRE(::mkfifo(tree.in("fifo").c_str(), 0600) == 0);
  const Roots roots = tree.roots();
  ToolLimits limits;
  limits.max_file_bytes = 100;
  const Row rows[] = {
      {"read missing", FileTool::read, R"({"file_path":"no"})",
       "!read: no: no such file or directory"},
      {"read a folder", FileTool::read, R"({"file_path":"dir"})",
       "!read: dir is not a regular file"},
      {"read the workspace", FileTool::read, R"({"file_path":"."})",
       "!read: . is not a regular file"},
      {"read a FIFO", FileTool::read, R"({"file_path":"fifo"})",
       "!read: fifo is not a regular file"},
      {"read too large", FileTool::read, R"({"file_path":"large"})",
       "!read: large is 144 bytes, exceeds 100-byte limit. Use the view_range parameter to "
       "read specific line ranges, e.g. view_range: [1, 500]."},
      {"a range too large", FileTool::read, R"({"file_path":"large","view_range":[1,2]})",
       "!read: view_range [1, 2] of large exceeds 100-byte limit. Narrow the view_range to read a "
       "smaller portion."},
      {"edit missing", FileTool::edit, R"({"file_path":"no","old_string":"a","new_string":"b"})",
       "!edit: no: no such file or directory"},
      {"edit a folder", FileTool::edit, R"({"file_path":"dir","old_string":"a","new_string":"b"})",
       "!edit: dir is not a regular file"},
      {"edit too large", FileTool::edit,
       R"({"file_path":"large","old_string":"a","new_string":"b"})",
       "!edit: large is 144 bytes, exceeds 100-byte limit. The edit tool loads the whole file "
       "and cannot modify a file this large."},
      {"edit not found", FileTool::edit, R"({"file_path":"f","old_string":"q","new_string":"b"})",
       "!edit: old_string not found in f"},
      {"edit ambiguous", FileTool::edit,
       R"({"file_path":"two","old_string":"aa","new_string":"b"})",
       "!edit: old_string appears 2 times in two (must be unique)"},
      {"write onto a folder", FileTool::write, R"({"file_path":"dir","content":"x"})",
       "!write: dir: is a directory"},
      {"write the workspace", FileTool::write, R"({"file_path":"/workspace","content":"x"})",
       "!write: /workspace: is a directory"},
      {"glob a missing path", FileTool::glob, R"({"pattern":"*","path":"no"})", "no matches"},
      {"glob a file", FileTool::glob, R"({"pattern":"*","path":"f"})", "no matches"},
      {"read whole", FileTool::read, R"({"file_path":"f"})", "one\ntwo\nthree"},
      {"read an empty range list", FileTool::read, R"({"file_path":"f","view_range":[]})",
       "one\ntwo\nthree"},
      {"read lines", FileTool::read, R"({"file_path":"f","view_range":[2,2]})", "two"},
      {"read to the end", FileTool::read, R"({"file_path":"f","view_range":[2,-1]})", "two\nthree"},
      {"read behind the end", FileTool::read, R"({"file_path":"f","view_range":[9,10]})",
       "(no output)"},
      {"read an upside-down range", FileTool::read, R"({"file_path":"f","view_range":[3,2]})",
       "(no output)"},
      {"a range of a large file", FileTool::read, R"({"file_path":"large","view_range":[3,3]})",
       "z"},
      {"by an absolute path", FileTool::read, R"({"file_path":"/workspace/dir/../f"})",
       "one\ntwo\nthree"},
      {"write", FileTool::write, R"({"file_path":"new/deep/w","content":"h\u00e9"})",
       "wrote 3 bytes to new/deep/w"},
      {"write nothing", FileTool::write, R"({"file_path":"empty"})", "wrote 0 bytes to empty"},
      {"edit once", FileTool::edit,
       R"({"file_path":"f","old_string":"two","new_string":"$& \\1 2"})",
       "edited f (1 replacement(s))"},
      {"edit all", FileTool::edit,
       R"({"file_path":"two","old_string":"aa","new_string":"","replace_all":true})",
       "edited two (2 replacement(s))"},
  };
  for (const Row& row : rows) check(row, roots, limits);
  CHECK(tree.get("f") == "one\n$& \\1 2\nthree");
  CHECK(tree.get("two") == " bb ");
  CHECK(tree.get("new/deep/w") == "h\xc3\xa9");
  limits.max_file_bytes = 60;
  check({"one line too large", FileTool::read, R"({"file_path":"large","view_range":[2,2]})",
         "!read: line 2 of large alone exceeds 60-byte limit. The read tool cannot return "
         "part of a line, so view_range cannot narrow this further."},
        roots, limits);
}
