#include "policy/builtin.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "policy/load.h"
#include "support.h"

namespace glovebox::policy {
namespace {

TEST_CASE("names that are no shipped policy") {
  for (const char* name : {"", "Default", "default.toml", "builtin:default", "../default"})
    CHECK(!builtin(name));
}

TEST_CASE("the shipped policies are those of the source and valid") {
  const char* given = std::getenv("GLOVEBOX_SOURCE_ROOT");
  const std::filesystem::path root = given != nullptr ? given : GLOVEBOX_SOURCE_ROOT;
  CHECK(builtin_names() == std::vector<std::string_view>{"default", "strict"});
  for (const std::string_view name : builtin_names()) {
    CAPTURE(name);
    std::ifstream file(root / "policy" / (std::string(name) + ".toml"), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    CHECK(builtin(name) == text);
    const Policy policy = policy_of(text, "builtin:" + std::string(name));
    CHECK(policy.name == name);
    for (const char* tool : {"bash", "read", "write", "edit", "glob", "grep"})
      CHECK(policy.decide("any", "any", tool).profile != nullptr);
    CHECK(policy.decide("any", "any", "web_search").profile == nullptr);
  }
}

TEST_CASE("the file tools of the shipped policies have the tight filters") {
  for (const std::string_view name : builtin_names()) {
    const Policy policy = policy_of(std::string(builtin(name).value()));
    for (const char* tool : {"read", "write", "edit", "glob"})
      CHECK(policy.decide("", "", tool).profile->syscalls == "builtin:file");
    CHECK(policy.decide("", "", "grep").profile->syscalls == "builtin:search");
    CHECK(policy.decide("", "", "bash").profile->syscalls == "builtin:bash");
  }
}

}  // namespace
}  // namespace glovebox::policy
