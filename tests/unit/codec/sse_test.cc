#include "codec/sse.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

using namespace glovebox;
using namespace glovebox::codec;

namespace {

struct Seen {
  std::vector<SseEvent> events;
  bool dead = false;
  bool operator==(const Seen&) const = default;
};

Seen parse(const std::vector<std::string_view>& pieces, ByteLimit limit) {
  SseParser parser(limit);
  Seen seen;
  for (const std::string_view piece : pieces)
    if (auto pushed = parser.push(piece); !pushed) {
      CHECK(pushed.error().kind() == ErrorKind::limit);
      seen.dead = true;
    }
  while (auto event = parser.next()) seen.events.push_back(*std::move(event));
  return seen;
}

std::vector<std::string_view> bytes_of(std::string_view text) {
  std::vector<std::string_view> pieces;
  for (std::size_t i = 0; i < text.size(); ++i) pieces.push_back(text.substr(i, 1));
  return pieces;
}

}  // namespace

TEST_CASE("a stream gives the same events whole, byte by byte and split at every place") {
  const struct {
    const char* name;
    std::string text;
    Seen expected;
  } rows[] = {
      {"too long a line", "data: " + std::string(70, 'x'), {{}, true}},
      {"too long in many lines",
       "data: " + std::string(30, 'x') + "\ndata: " + std::string(30, 'y') + "\n\n",
       {{}, true}},
      {"a good event, then too much", "data: a\n\n" + std::string(80, ':'), {{{{}, "a"}}, true}},
      {"a comment that is too long", ":" + std::string(70, 'x') + "\n\ndata: a\n\n", {{}, true}},
      {"nothing", "", {}},
      {"blank lines", "\n\r\n\r", {}},
      {"cut off at the end", "data: a\n", {}},
      {"name without data", "event: x\n\ndata: a\n\n", {{{{}, "a"}}, false}},
      {"one", "event: message\ndata: {\"a\":1}\n\n", {{{"message", "{\"a\":1}"}}, false}},
      {"two", "data: a\n\ndata: b\n\n", {{{{}, "a"}, {{}, "b"}}, false}},
      {"carriage returns", "event: x\rdata: a\r\rdata: b\r\r", {{{"x", "a"}, {{}, "b"}}, false}},
      {"both", "event: x\r\ndata: a\r\n\r\ndata: b\r\n\r\n", {{{"x", "a"}, {{}, "b"}}, false}},
      {"mixed", "data: a\r\ndata: b\n\rdata: c\r\n\n", {{{{}, "a\nb"}, {{}, "c"}}, false}},
      {"empty data", "data\n\ndata:\n\ndata: \n\n", {{{{}, ""}, {{}, ""}, {{}, ""}}, false}},
      {"one space goes, others stay", "data:  a\ndata:b \n\n", {{{{}, " a\nb "}}, false}},
      {"comments and other fields",
       ": hi\nid: 7\nretry: 10\nfoo: bar\ndata: a\n\n",
       {{{{}, "a"}}, false}},
      {"fields are compared exactly", "Data: x\ndata : y\n data: z\n\n", {}},
      {"the last name counts", "event: x\nevent: y\ndata: a\n\n", {{{"y", "a"}}, false}},
      {"an empty name is none", "event: x\nevent:\ndata: a\n\n", {{{{}, "a"}}, false}},
      {"byte order mark",
       "\xef\xbb\xbf"
       "data: a\n\n",
       {{{{}, "a"}}, false}},
      {"only one byte order mark",
       "\xef\xbb\xbf\xef\xbb\xbf"
       "data: a\n\n",
       {}},
      {"bad UTF-8",
       "event: \xff\ndata: a\xe2\x82\n\n",
       {{{"\xef\xbf\xbd", "a\xef\xbf\xbd"}}, false}},
      {"NUL", std::string("data: a\0b\n\n", 11), {{{{}, std::string("a\0b", 3)}}, false}},
  };
  constexpr ByteLimit kLimit{64};
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const std::string_view text = row.text;
      CHECK(parse({text}, kLimit) == row.expected);
      CHECK(parse(bytes_of(text), kLimit) == row.expected);
      for (std::size_t at = 0; at <= text.size(); ++at)
        CHECK(parse({text.substr(0, at), text.substr(at)}, kLimit) == row.expected);
    }
  }
}

TEST_CASE("after an error nothing comes any more") {
  SseParser parser(ByteLimit(8));
  REQUIRE_FALSE(parser.push(std::string(9, 'x')));
  CHECK_FALSE(parser.push("\n\ndata: a\n\n"));
  CHECK_FALSE(parser.push(""));
  CHECK_FALSE(parser.next());
}

TEST_CASE("a frame is written so that it reads back") {
  CHECK_FALSE(format_sse("a\nb", ""));
  CHECK_FALSE(format_sse("a\rb", ""));
  for (const char* data : {"", "a", "a\nb", "a\n\nb\n", "data: x"}) {
    const std::string frame = format_sse("n", data).value();
    CHECK(parse({frame}, ByteLimit(100)) == Seen{{{"n", data}}, false});
  }
  CHECK(format_sse("", "a\r\nb\rc").value() == "data: a\ndata: b\ndata: c\n\n");
}
