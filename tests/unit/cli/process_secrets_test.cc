#include "cli/process_secrets.h"

#include <stdlib.h>

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <span>
#include <string>
#include <vector>

using namespace glovebox;
using namespace glovebox::cli;

namespace {

constexpr const char* kFlag = "--environment-key";

struct Row {
  const char* name;
  std::vector<std::string> words;
  std::string taken;
  std::vector<std::string> left;
};

void check(std::span<const Row> rows) {
  for (const Row& row : rows) {
    INFO(row.name);
    std::vector<std::string> words = row.words;
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    const Secret taken = take_argument(pointers, kFlag);
    CHECK(taken.reveal() == row.taken);
    CHECK(words == row.left);
  }
}

}  // namespace

TEST_CASE("what is no value of the key's flag is left alone") {
  const Row rows[] = {
      {"no flag", {"worker", "--policy", "p"}, "", {"worker", "--policy", "p"}},
      {"no arguments", {}, "", {}},
      {"the flag comes last", {"worker", kFlag}, "", {"worker", kFlag}},
      {"a longer flag", {"--environment-keys", "k"}, "", {"--environment-keys", "k"}},
      {"a longer flag with a value", {"--environment-key-x=k"}, "", {"--environment-key-x=k"}},
      {"behind a bare --", {"worker", "--", kFlag, "k"}, "", {"worker", "--", kFlag, "k"}},
      {"an empty value",
       {"worker", "--environment-key=", "k"},
       "",
       {"worker", "--environment-key=", "k"}},
  };
  check(rows);
}

TEST_CASE("the key is taken and no byte of it stays") {
  const Row rows[] = {
      {"two words", {"worker", kFlag, "sk-1"}, "sk-1", {"worker", kFlag, "xxxx"}},
      {"one word",
       {"worker", "--environment-key=sk-1"},
       "sk-1",
       {"worker", "--environment-key=xxxx"}},
      {"with an equals sign in it", {"--environment-key=a=b"}, "a=b", {"--environment-key=xxx"}},
      {"twice: the last, and both are gone",
       {kFlag, "one", "--environment-key=second"},
       "second",
       {kFlag, "xxx", "--environment-key=xxxxxx"}},
      {"a value like a flag", {kFlag, "--policy"}, "--policy", {kFlag, "xxxxxxxx"}},
  };
  check(rows);
}

TEST_CASE("a variable is taken, overwritten and removed") {
  CHECK(take_variable("GLOVEBOX_TEST_NONE").empty());
  REQUIRE(::setenv("GLOVEBOX_TEST_KEY", "sk-2", 1) == 0);
  const char* where = ::getenv("GLOVEBOX_TEST_KEY");
  const Secret taken = take_variable("GLOVEBOX_TEST_KEY");
  CHECK(taken.reveal() == "sk-2");
  CHECK(::getenv("GLOVEBOX_TEST_KEY") == nullptr);
  CHECK(std::memcmp(where, "\0\0\0\0", 4) == 0);  // the block lives on: it was never freed
}
