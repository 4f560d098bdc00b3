#include "tools/read.h"

#include "codec/base64.h"
#include "support.h"

using namespace glovebox;
using namespace glovebox::tools;
using namespace glovebox::tools::test;

using namespace std::string_literals;

TEST_CASE("images and documents come as blocks, told by their bytes") {
  const Tree tree;
  const std::string png = "\x89PNG\r\n\x1a\n rest"s;
  tree.put("a.txt", png);
  tree.put("b.png", "no image");
  tree.put("c", "%PDF-1.7 x");
  tree.put("short", "%P");
  const Roots roots = tree.roots();
  const ToolResult image = call(FileTool::read, roots, R"({"file_path":"a.txt"})");
  CHECK(image.content ==
        std::vector<ContentBlock>{ImageBlock{"image/png", codec::base64_encode(png)}});
  const ToolResult document = call(FileTool::read, roots, R"({"file_path":"c"})");
  CHECK(document.content == std::vector<ContentBlock>{DocumentBlock{
                                "application/pdf", codec::base64_encode("%PDF-1.7 x")}});
  CHECK(text_of(call(FileTool::read, roots, R"({"file_path":"b.png"})")) == "no image");
  CHECK(text_of(call(FileTool::read, roots, R"({"file_path":"short"})")) == "%P");
  // With a range every file is text.
  CHECK(text_of(call(FileTool::read, roots, R"({"file_path":"c","view_range":[1,1]})")) ==
        "%PDF-1.7 x");
}

TEST_CASE("images and documents have limits of their own") {
  const Tree tree;
  tree.put("i", "GIF89a" + std::string(100, 'x'));
  ToolLimits limits;
  limits.max_image_bytes = 105;
  const ToolResult refused = call(FileTool::read, tree.roots(), R"({"file_path":"i"})", limits);
  CHECK(is_error(refused));
  CHECK(text_of(refused).starts_with("read: i is 106 bytes, exceeds 105-byte limit."));
  limits.max_image_bytes = 106;
  limits.max_file_bytes = 1;
  CHECK_FALSE(is_error(call(FileTool::read, tree.roots(), R"({"file_path":"i"})", limits)));
}

TEST_CASE("text that is not UTF-8 is shown with replacement characters") {
  const Tree tree;
  tree.put("t", "a\xff\xc3\nb\xe2\x82");
  CHECK(text_of(call(FileTool::read, tree.roots(), R"({"file_path":"t"})")) ==
        "a\xef\xbf\xbd\xef\xbf\xbd\nb\xef\xbf\xbd");
}

TEST_CASE("a file of exactly the limit is read") {
  const Tree tree;
  for (const std::size_t size : {0UL, 1UL, 11UL, 12UL, 13UL, 99UL, 100UL}) {
    tree.put("s", std::string(size, 'x'));
    ToolLimits limits;
    limits.max_file_bytes = 100;
    CAPTURE(size);
    CHECK(text_of(call(FileTool::read, tree.roots(), R"({"file_path":"s"})", limits)) ==
          std::string(size, 'x'));
  }
}

TEST_CASE("a path below the host's folder is the same path below the workspace") {
  const Tree tree;
  tree.put("sub/f", "x");
  const Roots roots = tree.roots("/srv/agents");
  CHECK(text_of(call(FileTool::read, roots, R"({"file_path":"/srv/agents/sub/f"})")) == "x");
  CHECK(text_of(call(FileTool::read, roots, R"({"file_path":"/srv/agents/../f"})")) ==
        "path \"/srv/agents/../f\" is outside the session's working directory");
}
