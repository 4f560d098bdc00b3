#include "roles/boxer_settings.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <string_view>
#include <utility>

using namespace glovebox;
using namespace glovebox::roles;

namespace {

// The settings of a fresh BoxerSettings as JSON, with one member replaced.
codec::Json with(std::string_view key, codec::Json value) {
  std::string text = codec::to_json(BoxerSettings{}.to_json());
  codec::Json document = codec::parse_json(text).value();
  const std::string was = codec::to_json(*document.get(key));
  const std::string member = codec::to_json(codec::Json(key)) + ":";
  const std::size_t at = text.find(member + was);
  REQUIRE(at != std::string::npos);
  text.replace(at + member.size(), was.size(), codec::to_json(value));
  return codec::parse_json(text).value();
}

}  // namespace

TEST_CASE("settings with a value that means nothing are refused") {
  const std::pair<std::string_view, codec::Json> rows[] = {
      {"rung", 0},     {"rung", 4},       {"rung", -1},        {"rung", "1"},
      {"cgroups", 4},  {"group_mode", 4}, {"workspace", 2},    {"end", 9},
      {"caller", 9},   {"root", 1},       {"uid", -1},         {"first_id", "x"},
      {"sessions", 7}, {"filters", true}, {"uid", 4294967296}, {"policy_files", "x"},
  };
  for (const auto& [key, value] : rows) {
    INFO(key << " " << codec::to_json(value));
    CHECK_FALSE(BoxerSettings::from_json(with(key, value)));
  }
  CHECK_FALSE(BoxerSettings::from_json(codec::Json()));
  CHECK_FALSE(BoxerSettings::from_json(codec::Json::object()));
}

TEST_CASE("settings come back as they were") {
  for (const int rung : {1, 2, 3}) {
    const codec::Json document = with("rung", rung);
    const auto settings = BoxerSettings::from_json(document);
    REQUIRE(settings);
    CHECK(codec::to_json(settings->to_json()) == codec::to_json(document));
  }
}
