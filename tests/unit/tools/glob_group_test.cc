#include "tools/glob_group.h"

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "tools/glob_pattern.h"

using namespace glovebox::tools;

TEST_CASE("what is no group is not read as one") {
  for (const std::string_view text : {"", "a", "*", "?", "(a)", "x(y)", "@", "@(", "@(a", "@(a|b",
                                      "@ (a)", "@\\(a)", "@(a\\)", "[@(]a)", "[@(a)]", "#(a)"}) {
    INFO(text);
    CHECK_FALSE(GroupedComponent::parse(text));
  }
  // And its characters are what they are elsewhere.
  CHECK(matches_component("@(a", "@(a"));
  CHECK(matches_component("?(a", "x(a"));
  CHECK(matches_component("*(a", "xyz(a"));
  CHECK_FALSE(matches_component("@(a", "a"));
  CHECK(matches_component("x(y)", "x(y)"));
}

// As the official worker's globs answer.
TEST_CASE("groups match what they say") {
  struct Row {
    const char* pattern;
    std::vector<const char*> does, does_not;
  };
  const Row rows[] = {
      {"@(a|b)", {"a", "b"}, {"", "c", "ab", "aa", "a|b"}},
      {"?(a)b", {"b", "ab"}, {"a", "aab"}},
      {"*(a)", {"a", "aa"}, {"b", "ab"}},
      {"*(a|b)c", {"c", "ac", "abac"}, {"a", "adc"}},
      {"+(a|b)", {"a", "aab", "bb"}, {"c", "abc"}},
      {"+(a)b", {"ab", "aab"}, {"b"}},
      {"!(a|b)", {"aa", "ab", "c", "a|b"}, {"a", "b", ".x"}},
      {"!(*.js)", {"foo.ts", "js"}, {"foo.js"}},
      {"*.!(js)", {"foo.ts", "foo.test.js"}, {"foo", "foo.js"}},
      {"foo.@(js|ts)", {"foo.js", "foo.ts"}, {"foo.test.js", "foo."}},
      {"!(foo).js", {"foo.test.js"}, {"foo.js", "foo.ts"}},
      {"!(a)*b", {"b", "bb"}, {"ab", "aab", "a.b"}},
      {"*!(a)b", {"ab", "aab", "b"}, {"a"}},
      {"!(a)b", {"aab", "b", "bb"}, {"ab"}},
      {"a!(b)", {"a", "aa", "aab", "abc"}, {"ab"}},
      {"a!(b)c", {}, {"abc"}},
      {"a?(b)?(c)", {"a", "ab", "abc", "ac"}, {"acb"}},
      {"a+(b)@(c|)", {"ab", "abc", "abb"}, {"a", "ac"}},
      {"+(a)!(b)", {"a", "aa", "aab", "abc"}, {"ab", "b"}},
      {"*(a|@(b|c))", {"a", "ab", "bca"}, {"d", "ad"}},
      {"!(@(a|b))", {"c", "ab"}, {"a", "b"}},
      {"!(!(a))", {"a"}, {"b", "aa"}},
      {"@(a*|b*)", {"a", "abc", "bb"}, {"c"}},
      {"*@(b)", {"aab", "b"}, {"ba"}},
      {"+(*)", {"a", "abc"}, {".x"}},
      {"@([ab]|[0-9])", {"a", "7"}, {"c"}},
      {"@(?|?"
       "?)",
       {"x", "xy", "\u00fc"},
       {"xyz"}},
      {"@(a\\|b)", {"a|b"}, {"a", "b"}},
      {"@(\\)|\\*)", {")", "*"}, {"x"}},
      {"@(a|)", {"a"}, {"b"}},
      {"@()", {}, {"a"}},
      {"!()", {"a", "ab"}, {}},
      {"*(!(a)|b)", {"aab", "b", "x"}, {"a"}},
      {"*(!(b))", {"bb", "a"}, {"b"}},
      {"+(!(a)|@(b))b", {"aab", "b", "bb"}, {"ab", "a"}},
      // The leading dot has to be named.
      {"@(*|.x)", {".x", "x"}, {".y"}},
      {"@(.x)*", {".x", ".xy"}, {"x"}},
      {".@(dot)", {".dot"}, {"dot"}},
      {"*(.|x)y", {".xy", "xy"}, {".zy"}},
      {"?(.)*", {".x", "x"}, {}},
      {"+(.)*", {".x"}, {"x"}},
      {".!(x)", {".xy"}, {".x"}},
      {"@(|.)x", {".x", "x"}, {".y"}},
      {"@(?)x", {"xx"}, {".x"}},
  };
  for (const Row& row : rows) {
    INFO(row.pattern);
    const auto parsed = GroupedComponent::parse(row.pattern);
    REQUIRE(parsed);
    for (const char* name : row.does) {
      INFO(name);
      CHECK(parsed->matches(name));
      CHECK(matches_component(row.pattern, name));
    }
    for (const char* name : row.does_not) {
      INFO(name);
      CHECK_FALSE(parsed->matches(name));
      CHECK_FALSE(matches_component(row.pattern, name));
    }
  }
}

TEST_CASE("groups stand in paths, and never lead over a slash") {
  const auto finds = [](std::string_view pattern, std::string_view folder, std::string_view file) {
    const auto compiled = GlobPattern::compile(pattern);
    REQUIRE(compiled);
    return compiled->matches_file(compiled->enter(compiled->start(), folder), file);
  };
  CHECK(finds("@(d|e)/*.+(txt)", "d", "b.txt"));
  CHECK_FALSE(finds("@(d|e)/*.+(txt)", "f", "b.txt"));
  CHECK(finds("!(d)/a", "e", "a"));
  CHECK_FALSE(finds("!(d)/a", "d", "a"));
  CHECK(finds("**/@(a|b)", "d", "b"));
  CHECK(finds("d/{@(a|b),c}", "d", "b"));
  CHECK(finds("d/@({a,b})", "d", "b"));
  CHECK_FALSE(finds("@(d/a)", "d", "a"));
  CHECK(GlobPattern::compile("@(d|e)/a")->literal_folder().empty());
  CHECK(GlobPattern::compile("d/+(e)/a")->literal_folder() == "d");
  // A name is never `..`, whatever the pattern.
  CHECK(GlobPattern::compile("@(..)/a"));
  CHECK_FALSE(GlobPattern::compile("../@(a)"));
  CHECK_FALSE(GlobPattern::compile("{@(a),..}/b"));
}

TEST_CASE("groups within groups, up to a depth") {
  const auto nested = [](std::size_t depth) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += "@(";
    return text + "a" + std::string(depth, ')');
  };
  CHECK(GroupedComponent::parse(nested(kMaxGroupDepth))->matches("a"));
  CHECK_FALSE(GroupedComponent::parse(nested(kMaxGroupDepth + 1))->matches("a"));
  CHECK(GroupedComponent::parse(nested(kMaxGroupDepth + 1))->matches("@(a)"));
}

TEST_CASE("no pattern takes long") {
  const std::string name(kMaxGroupedName, 'a');
  const auto began = std::chrono::steady_clock::now();
  for (const std::string_view pattern :
       {"*(*(*(*(*(*(*(a)))))))b", "+(+(+(+(+(+(+(a)))))))b", "*(a|aa|aaa|*(a|aa|*(a|!(b))))b",
        "!(*(!(*(!(*(!(a)))))))b", "*(?|*)*(?|*)*(?|*)*(?|*)b"}) {
    INFO(pattern);
    CHECK_FALSE(GroupedComponent::parse(pattern)->matches(name));
  }
  const std::string deep = std::string(10'000, '(') + std::string(10'000, ')');
  CHECK_FALSE(GroupedComponent::parse(deep));
  std::string open;
  while (open.size() < kMaxGroupedPattern) open += "@(";
  CHECK_FALSE(GroupedComponent::parse(open));
  CHECK_FALSE(GroupedComponent::parse("@(a)")->matches(std::string(kMaxGroupedName + 1, 'a')));
  // Far from what it takes on the slowest of machines, and from what it would take otherwise.
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(20));
}
