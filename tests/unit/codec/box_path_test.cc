#include "codec/box_path.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

using namespace glovebox;
using namespace glovebox::codec;

namespace {

BoxPath path(std::string_view text) {
  return BoxPath::parse(text).value();
}

}  // namespace

TEST_CASE("a text that is not a path in normal form is refused") {
  const struct {
    const char* name;
    std::string text;
    ErrorKind kind;
  } rows[] = {
      {"empty", "", ErrorKind::invalid},
      {"relative", "a/b", ErrorKind::invalid},
      {"dot", "/a/./b", ErrorKind::invalid},
      {"dots", "/a/../b", ErrorKind::invalid},
      {"dots at the end", "/a/..", ErrorKind::invalid},
      {"only dots", "/..", ErrorKind::invalid},
      {"two slashes", "//a", ErrorKind::invalid},
      {"two slashes within", "/a//b", ErrorKind::invalid},
      {"slash at the end", "/a/", ErrorKind::invalid},
      {"NUL", std::string("/a\0b", 4), ErrorKind::invalid},
      {"long component", "/" + std::string(256, 'x'), ErrorKind::limit},
      {"long",
       [] {
         std::string text;
         while (text.size() <= kMaxPathBytes) text += "/aaaaaaa";
         return text;
       }(),
       ErrorKind::limit},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(BoxPath::parse(row.text).error().kind() == row.kind);
    }
  }
}

TEST_CASE("a path in normal form is kept as it is") {
  for (const std::string& text :
       {std::string("/"), std::string("/a"), std::string("/a/b c/\xff\n"), std::string("/..."),
        std::string("/.a/..b"), "/" + std::string(255, 'x')}) {
    CHECK(path(text).str() == text);
  }
}

TEST_CASE("what a model gives folds to a path and never leaves the root") {
  const BoxPath base = path("/workspace/src");
  const struct {
    const char* given;
    const char* expected;
  } rows[] = {
      {"", "/workspace/src"},
      {".", "/workspace/src"},
      {"a", "/workspace/src/a"},
      {"./a/./b/", "/workspace/src/a/b"},
      {"..", "/workspace"},
      {"../..", "/"},
      {"../../../../etc/passwd", "/etc/passwd"},
      {"/", "/"},
      {"//etc//passwd/", "/etc/passwd"},
      {"/../..", "/"},
      {"a/../../b", "/workspace/b"},
      {"...", "/workspace/src/..."},
  };
  for (const auto& row : rows) {
    CAPTURE(row.given);
    CHECK(BoxPath::fold(base, row.given).value().str() == row.expected);
  }
  CHECK(BoxPath::fold(base, std::string_view("a\0b", 3)).error().kind() == ErrorKind::invalid);
  CHECK(BoxPath::fold(base, std::string(256, 'x')).error().kind() == ErrorKind::limit);
  CHECK(BoxPath::fold(base, std::string(kMaxPathBytes + 1, '/')).error().kind() ==
        ErrorKind::limit);
}

TEST_CASE("joining takes strict relative paths only") {
  for (const char* bad : {"", "/a", "a/", "a//b", ".", "..", "a/../b"})
    CHECK_FALSE(path("/w").join(bad));
  CHECK(path("/w").join("a/b").value().str() == "/w/a/b");
  CHECK(BoxPath().join("a").value().str() == "/a");
}

TEST_CASE("names, parents and components") {
  CHECK(path("/a/b").name() == "b");
  CHECK(BoxPath().name().empty());
  CHECK(path("/a/b").parent() == path("/a"));
  CHECK(path("/a").parent() == BoxPath());
  CHECK(BoxPath().parent() == BoxPath());
  CHECK(path("/a/b").components() == std::vector<std::string_view>{"a", "b"});
  CHECK(BoxPath().components().empty());
}

TEST_CASE("below means component by component") {
  const struct {
    const char* path;
    const char* base;
    const char* relative;  // nullptr: not below
  } rows[] = {
      {"/ab", "/a", nullptr}, {"/a", "/a/b", nullptr}, {"/b", "/a", nullptr}, {"/", "/a", nullptr},
      {"/a", "/a", "."},      {"/a/b", "/a", "b"},     {"/a/b", "/", "a/b"},  {"/", "/", "."},
  };
  for (const auto& row : rows) {
    CAPTURE(row.path, row.base);
    CHECK(path(row.path).starts_with(path(row.base)) == (row.relative != nullptr));
    const auto relative = path(row.path).relative_to(path(row.base));
    CHECK(relative.has_value() == (row.relative != nullptr));
    if (relative) CHECK(*relative == row.relative);
  }
}
