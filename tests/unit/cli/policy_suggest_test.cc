#include "cli/policy_suggest.h"

#include <stdlib.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "../salted_record.h"

#include "../log_folder.h"
#include "audit/record.h"
#include "base/exit_code.h"
#include "codec/json.h"

namespace glovebox::cli {
namespace {

using audit::RecordKind;

constexpr WallTime kStart{1'795'534'951'000'000};
constexpr std::int64_t kMinute = 60'000'000;

// A minute between two records.
std::vector<std::string> log_of(std::initializer_list<std::pair<RecordKind, const char*>> records) {
  std::vector<std::string> lines;
  std::int64_t minutes = 0;
  for (const auto& [kind, members] : records) {
    const audit::RecordStamp stamp{.wall = {kStart.microseconds + minutes++ * kMinute},
                                   .since_boot = microseconds(1),
                                   .boot_id = "b",
                                   .previous = {}};
    lines.push_back(glovebox::test::salted_record(kind, stamp, "s", "",
                                                  *codec::parse_json(members)->as_object())
                        .value());
  }
  return lines;
}

std::vector<std::string> three() {
  return log_of(
      {{RecordKind::net_deny,
        R"({"prof":"build","l7":"tcp","host":"a.test","port":443,"why":"the profile has no egress rule"})"},
       {RecordKind::net_open, R"({"prof":"build","l7":"sni","host":"open.test","port":443})"},
       {RecordKind::net_deny,
        R"({"prof":"other","l7":"tcp","host":"b.test","port":22,"why":"the profile has no egress rule"})"}});
}

std::string suggested(const std::vector<std::string>& log,
                      const PolicySuggestOptions& options = {}) {
  audit::RecordsInMemory source(log);
  const auto text = suggestions_of(source, options);
  REQUIRE(text);
  return *text;
}

TEST_CASE("a log that is none suggests nothing") {
  audit::RecordsInMemory source({"{}"});
  const auto text = suggestions_of(source, {});
  REQUIRE_FALSE(text);
  CHECK(text.error().message().starts_with("record 0: "));

  PolicySuggestOptions options;
  options.log = "/nowhere";
  CHECK(run_policy_suggest(options) == to_int(ExitCode::invalid_file));
  std::string name = std::filesystem::temp_directory_path() / "glovebox-suggest-XXXXXX";
  const std::filesystem::path folder = ::mkdtemp(name.data());
  options.log = folder.string();
  CHECK(run_policy_suggest(options) == to_int(ExitCode::invalid_file));
  glovebox::test::add_to_log(folder, three());
  CHECK(run_policy_suggest(options) == to_int(ExitCode::done));
  glovebox::test::add_to_log(folder, {"no record"});
  CHECK(run_policy_suggest(options) == to_int(ExitCode::invalid_file));
  std::filesystem::remove_all(folder);
}

TEST_CASE("what is asked for is what is suggested") {
  const std::string all = suggested(three());
  CHECK(all.contains("[[profile.build.egress]]\nhost = \"a.test\""));
  CHECK(all.contains("[[profile.other.egress]]\nhost = \"b.test\""));
  CHECK_FALSE(all.contains("open.test"));

  const struct {
    const char* name;
    PolicySuggestOptions options;
    bool a, b;
  } rows[] = {
      {"a profile", {.log = {}, .profile = "other"}, false, true},
      {"no such profile", {.log = {}, .profile = "oth"}, false, false},
      {"since the first record", {.log = {}, .since = std::uint64_t{0}}, true, true},
      {"since a record", {.log = {}, .since = std::uint64_t{1}}, false, true},
      {"since the last one", {.log = {}, .since = std::uint64_t{2}}, false, true},
      {"since later", {.log = {}, .since = std::uint64_t{3}}, false, false},
      {"since its time", {.log = {}, .since = WallTime{kStart.microseconds}}, true, true},
      {"since just after", {.log = {}, .since = WallTime{kStart.microseconds + 1}}, false, true},
      {"since a later time",
       {.log = {}, .since = WallTime{kStart.microseconds + 3 * kMinute}},
       false,
       false},
  };
  for (const auto& row : rows) {
    INFO(row.name);
    const std::string text = suggested(three(), row.options);
    CHECK(text.contains("a.test") == row.a);
    CHECK(text.contains("b.test") == row.b);
    CHECK(text.contains("egress refused nothing") == (!row.a && !row.b));
  }
}

TEST_CASE("for scripts: one array") {
  PolicySuggestOptions options;
  options.form = OutputForm::json;
  const std::string text = suggested(three(), options);
  CHECK(text.ends_with("]\n"));
  const auto json = codec::parse_json(text);
  REQUIRE(json);
  REQUIRE(json->as_array() != nullptr);
  REQUIRE(json->as_array()->size() == 2);
  CHECK(*json->as_array()->at(0).get_string("host") == "a.test");
  CHECK(json->as_array()->at(1).get_int("first") == 2);
  CHECK(suggested({}, options) == "[]\n");
}

}  // namespace
}  // namespace glovebox::cli
