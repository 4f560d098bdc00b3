#include "base/log.h"

#include <catch2/catch_test_macros.hpp>

using namespace glovebox;

TEST_CASE("no value can steer a terminal or break a line") {
  struct Row {
    const char* name;
    std::string text;
    std::string shown;
  };
  const Row rows[] = {
      {"plain", "hello", "hello"},
      {"newline", "a\nb", "a\\x0ab"},
      {"escape", "\x1b[31m", "\\x1b[31m"},
      {"delete", "\x7f", "\\x7f"},
      {"NUL", std::string("a\0b", 3), "a\\x00b"},
      {"C1 control", "\xc2\x9b", "\\u{009b}"},
      {"right-to-left override", "\xe2\x80\xae", "\\u{202e}"},
      {"lone continuation byte", "\x80", "\\x80"},
      {"overlong slash", "\xc0\xaf", "\\xc0\\xaf"},
      {"surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80"},
      {"beyond Unicode", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
      {"umlaut stays", "\xc3\xbc", "\xc3\xbc"},
      {"cut sequence", "\xe2\x82", "\\xe2\\x82"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(escape_for_terminal(row.text) == row.shown);
    }
  }
}

TEST_CASE("a text line names level, part and fields") {
  CHECK(format_log_line(LogFormat::text, LogLevel::warning, "worker", "lease lost",
                        {{"work", "work_1"}, {"beats", 3}}) ==
        "glovebox: warning: worker: lease lost work=work_1 beats=3");
}

TEST_CASE("a JSON line stays JSON whatever the value") {
  CHECK(format_log_line(LogFormat::json, LogLevel::error, "auditor", "say \"no\"",
                        {{"path", "a\\b\n"}}) ==
        R"({"level":"error","part":"auditor","message":"say \"no\"","path":"a\\b\\x0a"})");
}

TEST_CASE("a line has a limit") {
  const std::string huge(100'000, 'x');
  CHECK(format_log_line(LogFormat::text, LogLevel::info, "p", huge, {}).size() == kMaxLogLine);
}
