#include "tools/result.h"

#include "support.h"

using namespace glovebox::tools;
using namespace glovebox::tools::test;

TEST_CASE("results are posted in a form that the service takes") {
  const struct {
    const char* name;
    ToolResult result;
    const char* json;
  } rows[] = {
      {"no block", {}, R"x([{"type":"text","text":"(no output)"}])x"},
      {"an empty text", text_result(""), R"x([{"type":"text","text":"(no output)"}])x"},
      {"bad UTF-8", text_result("a\xff"), "[{\"type\":\"text\",\"text\":\"a\xef\xbf\xbd\"}]"},
      {"controls", text_result("\x1b\n\""), R"x([{"type":"text","text":"\u001b\n\""}])x"},
      {"an image",
       {ToolResult::IsError::no, {ImageBlock{"image/png", "AA=="}}},
       R"x([{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}}])x"},
      {"a document",
       {ToolResult::IsError::no, {DocumentBlock{"application/pdf", "AA=="}}},
       R"x([{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"AA=="}}])x"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(to_content_json(row.result) == row.json);
    CHECK(normalised(normalised(row.result)) == normalised(row.result));
  }
  CHECK(is_error(error_result("x")));
}
