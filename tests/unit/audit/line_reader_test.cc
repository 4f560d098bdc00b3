#include "audit/line_reader.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

using namespace glovebox;
using namespace glovebox::audit;

namespace {

// Gives the bytes in pieces that end at the given places.
class Pieces final : public ByteSource {
 public:
  Pieces(std::string_view bytes, std::vector<std::size_t> sizes)
      : rest_(bytes), sizes_(std::move(sizes)) {}
  Result<std::size_t> read(std::span<char> out) override {
    std::size_t size = rest_.size();
    if (next_ < sizes_.size()) size = std::min(size, sizes_[next_++]);
    size = std::min(size, out.size());
    std::copy_n(rest_.begin(), size, out.begin());
    rest_.remove_prefix(size);
    return size;
  }

 private:
  std::string_view rest_;
  std::vector<std::size_t> sizes_;
  std::size_t next_ = 0;
};

class Broken final : public ByteSource {
 public:
  Result<std::size_t> read(std::span<char>) override { return Error(ErrorKind::io, "broken"); }
};

struct Seen {
  std::vector<std::string> lines;
  std::string torn;
  bool too_long = false;
  bool operator==(const Seen&) const = default;
};

Seen read(ByteSource& source, std::size_t limit) {
  LineReader reader(source, limit);
  Seen seen;
  while (true) {
    const auto line = reader.next();
    if (!line) {
      CHECK(line.error().kind() == ErrorKind::limit);
      seen.too_long = true;
      return seen;
    }
    if (!*line) break;
    seen.lines.emplace_back(**line);
  }
  seen.torn = reader.torn();
  return seen;
}

}  // namespace

TEST_CASE("lines come out the same whole, byte by byte and split at every place") {
  const struct {
    const char* name;
    std::string text;
    Seen expected;
  } rows[] = {
      {"too long", "abc\nabcdefghi\n", {{"abc"}, "", true}},
      {"too long without an end", "abcdefghi", {{}, "", true}},
      {"as long as may be", "abcdefgh\n", {{"abcdefgh"}, "", false}},
      {"as long as may be, torn", "abcdefgh", {{}, "abcdefgh", false}},
      {"nothing", "", {{}, "", false}},
      {"empty lines", "\n\na\n", {{"", "", "a"}, "", false}},
      {"torn", "a\nb", {{"a"}, "b", false}},
      {"carriage returns and NUL are bytes like others",
       std::string("a\r\nb\0c\n", 7),
       {{"a\r", std::string("b\0c", 3)}, "", false}},
  };
  constexpr std::size_t kLimit = 8;
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      Pieces whole(row.text, {});
      CHECK(read(whole, kLimit) == row.expected);
      Pieces bytes(row.text, std::vector<std::size_t>(row.text.size(), 1));
      CHECK(read(bytes, kLimit) == row.expected);
      for (std::size_t at = 1; at < row.text.size(); ++at) {
        Pieces split(row.text, {at});
        CHECK(read(split, kLimit) == row.expected);
      }
    }
  }
}

TEST_CASE("lines longer than a block are put together") {
  const std::string line(700'000, 'x');
  MemorySource source(std::string_view("short\n"));
  CHECK(read(source, 8).lines == std::vector<std::string>{"short"});
  const std::string text = line + "\n" + line + "\nrest";
  MemorySource large(text);
  const Seen seen = read(large, line.size());
  CHECK(seen.lines == std::vector<std::string>{line, line});
  CHECK(seen.torn == "rest");
}

TEST_CASE("an error of the source is the reader's") {
  Broken source;
  LineReader reader(source, 8);
  CHECK(reader.next().error().kind() == ErrorKind::io);
}
