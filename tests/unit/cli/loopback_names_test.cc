#include "cli/loopback_names.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <string_view>

namespace glovebox::cli {

namespace {

constexpr std::string_view kName = "origin.test";
constexpr std::string_view kLoopback("\x7f\x00\x00\x01", 4);

std::string query_for(std::string_view name, char type) {
  std::string query("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    query += static_cast<char>(label.size());
    query += label;
    name.remove_prefix(std::min(label.size() + 1, name.size()));
  }
  query += std::string("\x00\x00", 2);
  query += type;
  return query + std::string("\x00\x01", 2);
}

int code_of(const NameAnswer& answer) {
  return answer.bytes.at(3) & 15;
}
int answers_in(const NameAnswer& answer) {
  return answer.bytes.at(7);
}

}  // namespace

TEST_CASE("one name is loopback, and every other name does not exist") {
  constexpr char kA = 1, kAaaa = 28, kText = 16;
  const NameAnswer known = answer_as_loopback(query_for("Origin.TEST", kA), kName);
  CHECK(known.asked == kName);
  CHECK(code_of(known) == 0);
  CHECK(answers_in(known) == 1);
  CHECK(known.bytes.ends_with(kLoopback));
  for (const char type : {kAaaa, kText}) {
    const NameAnswer empty = answer_as_loopback(query_for(kName, type), kName);
    CHECK(code_of(empty) == 0);
    CHECK(answers_in(empty) == 0);
  }
  for (const std::string_view other : {"origin.test.example", "x.origin.test", "test"}) {
    INFO(other);
    const NameAnswer none = answer_as_loopback(query_for(other, kA), kName);
    CHECK(none.asked == other);
    constexpr int kNoSuchName = 3;
    CHECK(code_of(none) == kNoSuchName);
    CHECK(answers_in(none) == 0);
  }
}

TEST_CASE("what is no query is not taken for a name") {
  for (const std::string& bytes :
       {std::string(), std::string("x"), query_for(kName, 1) + "x", std::string(600, '\0')}) {
    INFO(bytes.size());
    const NameAnswer answer = answer_as_loopback(bytes, kName);
    CHECK(answer.asked.empty());
    CHECK((answer.bytes.empty() || code_of(answer) != 0));
  }
}

}  // namespace glovebox::cli
