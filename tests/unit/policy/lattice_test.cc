// Laws that hold for any profiles: nothing differs from itself, what is wider one way is narrower
// the other, and inclusion is transitive. And the small parts that compare() is made of.
#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "compare_support.h"
#include "policy/argument_classes.h"
#include "policy/host_match.h"
#include "policy/http_path.h"
#include "policy/name_pattern.h"

namespace glovebox::policy {
namespace {

// A chain of rights: each step adds some or none, so that inclusion happens.
Profile random_profile(std::mt19937& random) {
  const auto pick = [&](unsigned most) { return static_cast<unsigned>(random() % most); };
  Profile p;
  const char* places[] = {"/a", "/a/b", "/c", "@workspace", "@tmp"};
  for (const char* place : places)
    if (pick(2) != 0)
      p.mounts.push_back(mount(place, pick(3) == 0 ? MountMode::read_only : MountMode::read_write));
  if (pick(2) != 0)
    p.egress.push_back(egress("*.example", 443, 443, EgressMode::inspect, {http("GET", "/**")}));
  if (pick(2) != 0) p.egress.push_back(egress("a.example", 443, 444, EgressMode::sni));
  if (pick(3) == 0) p.deny.egress.push_back({target("a.example"), {}});
  if (pick(3) == 0) p.deny.paths.push_back({"/a/b", {}});
  if (pick(2) != 0) p.guard.push_back({".git*", {}});
  if (pick(2) != 0) p.limits.wall.value = seconds(60);
  if (pick(2) != 0) p.landlock_abi = 3;
  if (pick(2) != 0) p.audit.level = AuditLevel::metadata;
  if (pick(2) != 0) p.user = BoxUser::root;
  if (pick(3) == 0) p.deny.tools.push_back({"x*", {}});
  if (pick(3) == 0) p.approvals.push_back({"*", "webhook:desk", seconds(60), {}});
  return p;
}

TEST_CASE("laws of the order") {
  std::mt19937 random(20'261'130);
  std::vector<Profile> profiles;
  for (int i = 0; i < 60; ++i) profiles.push_back(random_profile(random));
  const auto found = [&](const Profile& a, const Profile& b) {
    return compare(a, plain_filters(), b, plain_filters());
  };
  // included[i][j]: j permits all that i does.
  std::vector<std::vector<bool>> included(profiles.size(), std::vector<bool>(profiles.size()));
  for (std::size_t i = 0; i < profiles.size(); ++i) {
    CHECK(text_of(found(profiles[i], profiles[i])).empty());
    for (std::size_t j = 0; j < profiles.size(); ++j) {
      const auto there = found(profiles[i], profiles[j]), back = found(profiles[j], profiles[i]);
      included[i][j] = !has(there, Direction::narrower);
      if (has(there, Direction::wider) != has(back, Direction::narrower)) {
        CAPTURE(text_of(there), text_of(back));
        FAIL();
      }
    }
  }
  std::size_t chains = 0;
  for (std::size_t i = 0; i < profiles.size(); ++i)
    for (std::size_t j = 0; j < profiles.size(); ++j)
      for (std::size_t k = 0; k < profiles.size(); ++k)
        if (i != j && j != k && included[i][j] && included[j][k]) {
          ++chains;
          if (!included[i][k]) FAIL(i << " " << j << " " << k);
        }
  CHECK(chains >= 10);
}

TEST_CASE("names: one of each class, whatever the patterns are") {
  const std::vector<std::string_view> patterns = {"ab*", "abc", "*", "any", "b*"};
  const auto vector_of = [&](std::string_view name) {
    std::vector<bool> all;
    for (const std::string_view pattern : patterns) all.push_back(matches(pattern, name));
    return all;
  };
  std::vector<std::vector<bool>> classes;
  for (const std::string& name : name_classes(patterns)) classes.push_back(vector_of(name));
  // Every name of up to four of these characters falls into one of them.
  const std::string characters = "abcnyx";
  std::vector<std::string> names = {""};
  for (std::size_t i = 0; i < names.size() && names[i].size() < 4; ++i)
    for (const char c : characters) names.push_back(names[i] + c);
  for (const std::string& name : names)
    if (!name.empty() && std::ranges::find(classes, vector_of(name)) == classes.end()) FAIL(name);
}

TEST_CASE("hosts by pattern") {
  struct Row {
    const char* target;
    const char* host;
    bool is;
  };
  for (const Row& row : {Row{"a.example", "a.example", true},
                         {"a.example", "b.a.example", false},
                         {"*.example", "example", false},
                         {"*.example", "a.example", true},
                         {"*.example", "a.b.example", true},
                         {"*.example", "aexample", false},
                         {"10.0.0.0/8", "10.1.2.3", true},
                         {"10.0.0.0/8", "11.0.0.1", false},
                         {"10.0.0.0/8", "a.example", false},
                         {"::/0", "10.0.0.1", false}}) {
    CAPTURE(row.target, row.host);
    CHECK(matches(target(row.target), codec::parse_host(row.host).value()) == row.is);
  }
  CHECK(denies(target("10.0.0.0/8"), codec::parse_host("::ffff:10.0.0.1").value()));
  CHECK(denies(target("10.0.0.0/8"), codec::parse_host("2002:a00:1::").value()));
  for (const char* address : {"127.0.0.1", "169.254.169.254", "192.168.1.1", "::1", "fd00:ec2::254",
                              "64:ff9b::a00:1", "fe80::1"})
    CHECK(is_private(codec::IpAddress::parse(address).value()));
  CHECK(!is_private(codec::IpAddress::parse("8.8.8.8").value()));
  CHECK(!is_private(codec::IpAddress::parse("2001:4860::1").value()));
  for (const char* block :
       {"10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "240.0.0.0/4", "192.0.0.0/24", "198.18.0.0/16",
        "::/0", "fe80::/64", "::ffff:0.0.0.0/96", "2002::/16", "::ffff:10.0.0.1/128"})
    CHECK(is_private(codec::Cidr::parse(block).value()));
  for (const char* block :
       {"8.8.8.0/24", "11.0.0.0/8", "2001:4860::/32", "2000::/3", "::ffff:8.8.8.8/128"})
    CHECK(!is_private(codec::Cidr::parse(block).value()));
}

TEST_CASE("paths by pattern") {
  struct Row {
    const char* pattern;
    const char* path;
    bool is;
  };
  for (const Row& row : {Row{"/", "/", true},
                         {"/", "/a", false},
                         {"/**", "/", true},
                         {"/**", "/a/b", true},
                         {"/a", "/a", true},
                         {"/a", "/a/", false},
                         {"/a", "/ab", false},
                         {"/a/*", "/a/b", true},
                         {"/a/*", "/a/", false},
                         {"/a/*", "/a", false},
                         {"/a/*", "/a/b/c", false},
                         {"/a/**", "/a", true},
                         {"/a/**", "/a/", true},
                         {"/a/**", "/ab", false},
                         {"/*/c", "/b/c", true},
                         {"/*/c", "//c", false}}) {
    CAPTURE(row.pattern, row.path);
    CHECK(matches(path_pattern(row.pattern), row.path) == row.is);
  }
  // Two sets that admit the same in other words.
  const HttpRule a = http("GET", "/a/**"), b = http("GET", "/a"), c = http("GET", "/a/*/**"),
                 d = http("GET", "/a/b/**");
  using Rules = std::vector<const HttpRule*>;
  CHECK(compare_paths(Rules{&a, &d}, Rules{&a})->empty());
  const auto found = compare_paths(Rules{&a}, Rules{&b, &c}).value();
  REQUIRE(found.size() == 1);
  CHECK(found[0].path == "/a/");  // an empty segment is what only `**` takes
  CHECK(found[0].after == nullptr);
}

TEST_CASE("values of an argument: every vector of answers that any value gives, and no other") {
  using seccomp::Term;
  using seccomp::Width;
  const std::vector<Term> terms = {
      {0, Width::low32, 0x5, {}},
      {0, Width::full64, 0x100000003, {}},
      {0, Width::low32, std::nullopt, {{2, 6}}},
      {0, Width::full64, std::nullopt, {{0, 3}, {0x100000000, 0x100000004}}}};
  std::vector<const Term*> pointers;
  for (const Term& term : terms) pointers.push_back(&term);
  const auto vector_of = [&](std::uint64_t value) {
    std::vector<bool> all;
    for (const Term& term : terms) all.push_back(term.holds(value));
    return all;
  };
  std::vector<std::vector<bool>> classes;
  const auto values = argument_classes(pointers);
  REQUIRE(values);
  for (const std::uint64_t value : *values) {
    CHECK(std::ranges::find(classes, vector_of(value)) == classes.end());
    classes.push_back(vector_of(value));
  }
  for (const std::uint64_t high : {0ull, 1ull, 2ull, 0xFFFFFFFFull})
    for (std::uint64_t low = 0; low < 64; ++low)
      if (std::ranges::find(classes, vector_of(high << 32 | low)) == classes.end())
        FAIL(high << " " << low);
}

}  // namespace
}  // namespace glovebox::policy
