#include "policy/request_path.h"

#include <catch2/catch_test_macros.hpp>

#include "policy/judge.h"
#include "policy/request.h"
#include "support.h"

namespace glovebox::policy {
namespace {

TEST_CASE("targets that no rule lets through") {
  struct Row {
    const char* target;
    const char* words;  // a part of them
  };
  const Row rows[] = {
      {"/a b", "blank"},
      {"/a\x01", "control"},
      {"/\xc3\xa4", "not ASCII"},
      {"/a#b", "`#`"},
      {"/a?b#c", "`#`"},
      {"/a\\b", "backslash"},
      {"//a", "two slashes"},
      {"/%2fa", "two slashes"},
      {"/%2F%2Fa", "two slashes"},
      {"//", "two slashes"},
      {"/.", "dot segment"},
      {"/a/..", "dot segment"},
      {"/a/../b", "dot segment"},
      {"/..?x", "dot segment"},
      {"/a/..;/b", "dot segment"},
      {"/a/.;x=1", "dot segment"},
      {"/a/..%3bx/b", "dot segment"},
      {"/..%2fb", "dot segment"},
      {"/a%2f..", "dot segment"},
      {"/a%2F..%2Fb", "dot segment"},
      {"/a/..%2fb", "dot segment"},
      {"/a%2f../b", "dot segment"},
      {"/a%2f..;x%2fb", "dot segment"},
      {"/a%2f.", "dot segment"},
      {"/a%2eb", "encoded backslash or dot"},
      {"/%2e%2e/b", "encoded backslash or dot"},
      {"/.%2E", "encoded backslash or dot"},
      {"/a%5cb", "encoded backslash or dot"},
      {"/a%00", "encoded control"},
      {"/a%0d%0a", "encoded control"},
      {"/a%7f", "encoded control"},
      {"/%", "broken escape"},
      {"/%2", "broken escape"},
      {"/a%zz", "broken escape"},
      {"/a%2?f", "broken escape"},
  };
  for (const Row& row : rows) {
    INFO(row.target);
    const auto fault = target_fault(row.target);
    REQUIRE(fault);
    CHECK(fault->contains(row.words));
  }
}

TEST_CASE("targets that are for the rules to decide, and their other reading") {
  struct Row {
    const char* target;
    const char* with_slashes = nullptr;  // null: there is one reading only
  };
  const Row rows[] = {
      {"/"},
      {"/a/"},
      {"/a//b"},
      {"/.../..a/a.."},
      {"/a;x=..%3b"},
      {"/a%20b%25"},
      {"/?a=/../%2f%zz%"},
      {"/%41%c3%a4"},
      {"/a%252fb"},
      {"/@scope%2fname", "/@scope/name"},
      {"/@scope%2Fname/-/name-1.tgz", "/@scope/name/-/name-1.tgz"},
      {"/a%2f%2Fb%2f", "/a//b/"},
      {"/a%2f...", "/a/..."},
  };
  for (const Row& row : rows) {
    INFO(row.target);
    CHECK_FALSE(target_fault(row.target));
    const std::string_view path(row.target);
    const auto other = with_slashes(path.substr(0, path.find('?')));
    CHECK(other.has_value() == (row.with_slashes != nullptr));
    if (other && row.with_slashes != nullptr) CHECK(*other == row.with_slashes);
  }
}

TEST_CASE("a path with an encoded slash is allowed in both readings or not at all") {
  struct Row {
    const char* allow;
    const char* path;
    bool allowed;
  };
  const Row rows[] = {
      {R"("GET /a/*")", "/a/b%2fc", false},
      {R"("GET /a/*")", "/a/b%2F", false},
      {R"("GET /a/*/*")", "/a/b%2fc", false},
      {R"("GET /a/b/c")", "/a/b%2fc", false},
      {R"("GET /a/**")", "/a%2fb", false},
      {R"("GET /a/**")", "/b%2f/a/c", false},
      {R"("GET /*", "POST /a/b")", "/a%2fb", false},
      {R"("GET /a%2fb")", "", false},  // no pattern
      {R"("GET /a/*", "GET /a/*/*")", "/a/b%2fc", true},
      {R"("GET /*", "GET /@scope/*")", "/@scope%2fname", true},
      {R"("GET /*", "GET /@scope/*")", "/@other%2fname", false},
      {R"("GET /a/**")", "/a/b%2fc%2Fd", true},
      {R"("GET /**")", "/b%2f/a/c?x=%2f..", true},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.allow << " and " << row.path) {
      const auto loaded = load(
          "test.toml", with_profile(std::format("[[profile.p.egress]]\nhost = \"a.test\"\nport = "
                                                "443\nmode = \"inspect\"\nallow = [{}]",
                                                row.allow)));
      if (*row.path == '\0') {
        CHECK_FALSE(loaded.policy);
        continue;
      }
      REQUIRE(loaded.policy);
      const Profile& profile = loaded.policy->profiles.at("p");
      const auto request = parse_request(std::string("GET https://a.test") + row.path);
      REQUIRE(request);
      const Ruling ruling = judge(profile, std::get<HttpRequest>(*request));
      CHECK(ruling.allowed == row.allowed);
      CHECK(ruling.reason == (row.allowed ? Reason::by_egress_rule : Reason::method_or_path));
      CHECK(ruling.subject == (row.allowed ? "" : kBothReadings));
    }
  }
}

}  // namespace
}  // namespace glovebox::policy
