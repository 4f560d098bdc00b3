// What the log is told of what was made under guarded names.
#include <catch2/catch_test_macros.hpp>
#include <format>
#include <string>

#include "codec/json.h"
#include "roles/call_record.h"

namespace glovebox::roles {
namespace {

using box::Fate;

box::SweptName swept(std::string path, box::Moved moved) {
  return {std::move(path), os::FileType::folder, "p.toml:7", std::move(moved)};
}

std::string text_of(const codec::JsonObject& members) {
  return codec::to_json(codec::Json(members));
}

TEST_CASE("each name is one record, with what became of it") {
  box::GuardReport report;
  report.names = {swept(".vscode", {Fate::quarantined, "000001", {4096, 2, true}}),
                  swept(".git/hooks", {Fate::removed, "", {1 << 30, 10'001, false}}),
                  swept(".idea", {Fate::put_aside, "glovebox-quarantine-1", {1, 1, true}}),
                  swept(".env", {Fate::left, "renameat2: EACCES", {}})};
  report.more = 9;
  const auto records = taken_members(report);
  REQUIRE(records.size() == 5);
  CHECK(text_of(records[0]) ==
        R"({"name":"/workspace/.vscode","type":"folder","rule":"p.toml:7","did":"quarantined",)"
        R"("to":"000001","size":4096,"count":2})");
  CHECK(text_of(records[1]) ==
        R"({"name":"/workspace/.git/hooks","type":"folder","rule":"p.toml:7","did":"removed",)"
        R"("size":1073741824,"count":10001,"counted":"in part"})");
  CHECK(text_of(records[2]).contains(R"("did":"put aside","to":"glovebox-quarantine-1")"));
  CHECK(text_of(records[3]).contains(R"("did":"left","why":"renameat2: EACCES")"));
  CHECK(text_of(records[4]) == R"({"more":9})");
  CHECK(taken_members({}).empty());
}

TEST_CASE("a result tells when not all of the workspace was searched") {
  CallResult result;
  const auto salt = audit::Salt::from_bytes(std::string(audit::kSaltBytes, 's')).value();
  const auto text = [&] { return text_of(result_members(result, policy::AuditLevel::args, salt)); };
  CHECK_FALSE(text().contains("guard"));
  result.guard.is_whole = false;
  CHECK(text().contains(R"("guard":"searched in part")"));
}

}  // namespace
}  // namespace glovebox::roles
