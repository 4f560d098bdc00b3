#include "tools/glob_pattern.h"

#include "support.h"

using namespace glovebox::tools;

namespace {

// As a walk uses it, for one path.
bool matches(std::string_view pattern, std::string_view path) {
  const auto compiled = GlobPattern::compile(pattern);
  REQUIRE(compiled);
  GlobPattern::Progress at = compiled->start();
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/')) {
    at = compiled->enter(at, path.substr(0, slash));
    path.remove_prefix(slash + 1);
  }
  return compiled->matches_file(at, path);
}

}  // namespace

TEST_CASE("patterns that match and that do not") {
  const struct {
    const char* pattern;
    const char* path;
    bool does;
  } rows[] = {
      {"*.cc", "a.h", false},
      {"*.cc", "d/a.cc", false},
      {"*", ".hidden", false},
      {"**", ".git/config", false},
      {"**/*", "a/.b/c", false},
      {"?", "", false},
      {"[!a]", "a", false},
      {"[!a]", "\u00fc", true},
      {"[[:digit:]]", "7", true},
      {"[[:digit:]]", "x", false},
      {"[![:digit:]]", "x", true},
      {"[[:upper:]_a-c]?", "_x", true},
      {"[[:upper:]_a-c]", "d", false},
      {"[[:nothing:]]", "n", false},
      {"[[:]]", ":]", true},
      {"[[:digit]", ":", true},
      {"[[:alpha:][:punct:]]", "!", true},
      {"[\u00e4-\u00fc]x", "\u00f6x", true},
      {"[\u00e4]", "\u00fc", false},
      {"[!a]", "\xff", true},
      {"[a-c]", "d", false},
      {"a", "A", false},
      {"*/", "a", false},
      {"a/b", "a", false},
      {"a", "a/b", false},
      {"[a", "a", false},
      {"a\\*", "ab", false},
      {"?x", ".x", false},
      {"[.]x", ".x", false},
      {"{a,b}c", "c", false},
      {"{1..3}", "4", false},
      {"*.cc", "a.cc", true},
      {"**/*.cc", "a.cc", true},
      {"**/*.cc", "x/y/a.cc", true},
      {"**", "a/b/c", true},
      {"a/**", "a/b/c", true},
      {"a/**/c", "a/c", true},
      {"**/**/c", "a/b/c", true},
      {".*", ".hidden", true},
      {"**/.env", "a/.env", true},
      {".git/*", ".git/x", true},
      {"?", "\xc3\xa9", true},
      {"[a-c]x", "bx", true},
      {"[^a]", "b", true},
      {"[]]", "]", true},
      {"[a-]", "-", true},
      {"[a", "[a", true},
      {"a\\*", "a*", true},
      {"\\.x", ".x", true},
      {"{a,b}c", "bc", true},
      {"{a,{b,c}}d", "cd", true},
      {"x{,y}", "x", true},
      {"{1..3}", "2", true},
      {"{3..1}", "2", true},
      {"{a..c}z", "bz", true},
      {"{a}", "{a}", true},
      {"{a", "{a", true},
      {"\\{a,b}", "{a,b}", true},
      {"{a,b/**}/c", "b/x/c", true},
      {"./a", "a", true},
      {"a//b", "a/b", true},
      {"a*b*c", "axxbyyc", true},
      {"*a", "aaaa", true},
      {"a***b", "ab", true},
  };
  for (const auto& row : rows) {
    CAPTURE(row.pattern, row.path);
    CHECK(matches(row.pattern, row.path) == row.does);
  }
}

TEST_CASE("patterns that are refused") {
  const struct {
    std::string pattern;
    GlobError error;
  } rows[] = {
      {"/a", GlobError::absolute},
      {"{a,/b}", GlobError::absolute},
      {"..", GlobError::dot_dot},
      {"a/../b", GlobError::dot_dot},
      {"{.,a}{.,b}/c", GlobError::dot_dot},
      {"{1..2000}", GlobError::too_many_alternatives},
      {"{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", GlobError::too_many_alternatives},
      {"{1..-2147483648}", GlobError::too_many_alternatives},
      {std::string(3 * kMaxGlobSegments, 'a').replace(1, 2, "/b") +
           [] {
             std::string deep;
             for (std::size_t i = 0; i <= kMaxGlobSegments; ++i) deep += "/a";
             return deep;
           }(),
       GlobError::too_many_alternatives},
  };
  for (const auto& row : rows) {
    CAPTURE(row.pattern.substr(0, 80));
    const auto compiled = GlobPattern::compile(row.pattern);
    REQUIRE_FALSE(compiled);
    CHECK(compiled.error() == row.error);
  }
}

TEST_CASE("many stars take no longer than the product of the sizes") {
  std::string pattern;
  for (int i = 0; i < 2000; ++i) pattern += "*a";
  CHECK_FALSE(matches_component(pattern + "b", std::string(4000, 'a')));
  CHECK(matches_component(pattern, std::string(4000, 'a')));
}

TEST_CASE("folders that a pattern names at its beginning") {
  const struct {
    const char* pattern;
    const char* folder;
  } rows[] = {{"a", ""},       {"a/b", "a"},         {"a/b/*.c", "a/b"}, {"*/b", ""},
              {"{a,b}/c", ""}, {"a/{b}/c", "a/{b}"}, {"a\\*/b", "a*"},   {"a/**", "a"}};
  for (const auto& row : rows) {
    CAPTURE(row.pattern);
    CHECK(GlobPattern::compile(row.pattern)->literal_folder() == row.folder);
  }
  const GlobPattern rest = GlobPattern::compile("a/b/*.c")->below_literal_folder();
  CHECK(rest.matches_file(rest.start(), "x.c"));
}

TEST_CASE("a walk is told where nothing can match") {
  const auto pattern = *GlobPattern::compile("src/*/x");
  CHECK(pattern.enter(pattern.start(), "other").empty());
  const auto src = pattern.enter(pattern.start(), "src");
  CHECK_FALSE(src.empty());
  const auto deep = pattern.enter(src, "a");
  CHECK(pattern.enter(deep, "x").empty());
}
