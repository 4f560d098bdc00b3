#include "tools/grep_text.h"

#include "support.h"

using namespace glovebox::tools;
using namespace glovebox::tools::test;

TEST_CASE("a search that found nothing") {
  GrepText text({});
  CHECK(text_of(text.result()) == "no matches");
  text.add_unreadable(2);
  CHECK(text_of(text.result()) == "no matches\n[2 file(s) could not be read]");
  text.set_timed_out();
  CHECK(text_of(text.result()) == "grep: timed out after 60s");
  CHECK(is_error(text.result()));
}

TEST_CASE("hits are cut at the last line that fits") {
  ToolLimits limits;
  limits.max_grep_output = 10;
  GrepText text(limits);
  CHECK(text.add("1234\n"));
  CHECK_FALSE(text.add("5\n6\n7890\n"));
  CHECK_FALSE(text.add("8\n"));
  CHECK(text_of(text.result()) == "1234\n5\n6\n[output truncated at 10 bytes]");
  GrepText exact(limits);
  CHECK(exact.add("123456789\n"));
  CHECK(text_of(exact.result()) == "123456789");
  GrepText long_line(limits);
  CHECK_FALSE(long_line.add("1234567890\n"));
  CHECK(text_of(long_line.result()) == "[output truncated at 10 bytes]");
}
