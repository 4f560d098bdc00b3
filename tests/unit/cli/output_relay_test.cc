#include "cli/output_relay.h"

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <initializer_list>
#include <string>
#include <string_view>

#include "os/file.h"
#include "os/process.h"

using namespace glovebox;
using namespace glovebox::cli;

namespace {

// What arrives at the target when `pieces` are written one by one.
std::string relayed(OutputRelay::Form form, std::initializer_list<std::string_view> pieces,
                    OutputRelay::LineEnd line_end = OutputRelay::LineEnd::as_it_is) {
  os::Pipe target = os::make_pipe().value();
  OutputRelay relay = OutputRelay::make(target.writer.get(), form).value();
  for (const std::string_view piece : pieces) {
    REQUIRE(os::write_all(relay.writer(), piece));
    if (!piece.empty()) relay.forward();
  }
  relay.close_writer();
  relay.forward();
  CHECK(relay.reader() == -1);
  relay.finish(line_end);
  target.writer.reset();
  return os::read_all(target.reader.get(), 1 << 16).value();
}

}  // namespace

TEST_CASE("a program cannot steer the terminal, however it cuts its output") {
  const std::string_view attacks[] = {"\x1b[2J",  "\x1b]0;x\x07", "\u009b2J", "a\u202eb", "a\rb",
                                      "\xc2\x9b", "\xff",         "\xe2\x80", "€\x1b€"};
  for (const std::string_view attack : attacks) {
    const std::string whole = relayed(OutputRelay::Form::visible, {attack});
    for (std::size_t at = 0; at <= attack.size(); ++at) {
      INFO(whole << " cut at " << at);
      const std::string out =
          relayed(OutputRelay::Form::visible, {attack.substr(0, at), attack.substr(at)});
      CHECK(out == whole);
      CHECK_FALSE(out.contains('\x1b'));
      CHECK_FALSE(out.contains('\x07'));
      CHECK_FALSE(out.contains('\r'));
      CHECK_FALSE(out.contains("\u009b"));
      CHECK_FALSE(out.contains("\u202e"));
    }
  }
}

TEST_CASE("a character that arrives in parts stays one") {
  const std::string_view text = "aä€𝄞z\n";
  for (std::size_t first = 0; first <= text.size(); ++first)
    for (std::size_t second = first; second <= text.size(); ++second) {
      INFO(first << ", " << second);
      CHECK(relayed(OutputRelay::Form::visible,
                    {text.substr(0, first), text.substr(first, second - first),
                     text.substr(second)}) == text);
    }
}

TEST_CASE("raw output passes byte for byte") {
  const std::string_view bytes("\x1b[31m\0\xff\xe2\r\n", 10);
  CHECK(relayed(OutputRelay::Form::raw, {bytes}) == bytes);
  CHECK(relayed(OutputRelay::Form::raw, {bytes.substr(0, 7), bytes.substr(7)}) == bytes);
}

TEST_CASE("a last line gets its end where a line of ours follows") {
  using enum OutputRelay::LineEnd;
  CHECK(relayed(OutputRelay::Form::raw, {"a"}, complete) == "a\n");
  CHECK(relayed(OutputRelay::Form::raw, {"a\n"}, complete) == "a\n");
  CHECK(relayed(OutputRelay::Form::raw, {}, complete) == "");
  CHECK(relayed(OutputRelay::Form::raw, {"a"}, as_it_is) == "a");
  CHECK(relayed(OutputRelay::Form::visible, {"a\xe2\x82"}, complete).ends_with('\n'));
}

TEST_CASE("the program goes on when nobody reads what it says") {
  os::ignore_broken_pipes();
  os::Pipe target = os::make_pipe().value();
  OutputRelay relay = OutputRelay::make(target.writer.get(), OutputRelay::Form::raw).value();
  target.reader.reset();
  REQUIRE(os::write_all(relay.writer(), "lost"));
  relay.forward();
  CHECK(relay.reader() >= 0);
}

TEST_CASE("what may be the beginning of a character is held back") {
  struct Row {
    std::string_view bytes;
    std::size_t held;
  };
  const Row rows[] = {{"", 0},
                      {"a", 0},
                      {"\xc3", 1},
                      {"\xc3\xa4", 0},
                      {"\xe2", 1},
                      {"\xe2\x82", 2},
                      {"\xe2\x82\xac", 0},
                      {"\xf0\x9d\x84", 3},
                      {"\xf0\x9d", 2},
                      {"\xf0\x9d\x84\x9e", 0},
                      {"\x82", 0},
                      {"\x82\x82\x82\x82", 0},
                      {"a\xe2\x82", 2},
                      {"\xe2\x82z", 0},
                      {"\xff", 1}};
  for (const Row& row : rows) {
    INFO(row.bytes.size());
    CHECK(unfinished_tail(row.bytes) == row.held);
  }
}
