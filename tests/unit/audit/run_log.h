// A log in a folder that one auditor after the other writes, and what is done to its files.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <format>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/auditor.h"
#include "audit/epoch_folder.h"
#include "audit/log_key.h"
#include "audit/log_reader.h"
#include "audit/mask.h"
#include "audit/tree_log.h"
#include "audit/verify_folder.h"
#include "tile_log.h"

namespace glovebox::audit::test {

// A folder, and one auditor after the other on it.
class RunLog {
 public:
  std::string path() const { return (folder_ / "audit").string(); }
  std::filesystem::path operator/(std::string_view name) const { return folder_ / "audit" / name; }

  Result<TreeLog> open(RecordRules& rules) {
    seen.clear();
    return TreeLog::open(
        {.directory = path(), .origin = kOrigin, .sizes = kSmallSizes}, rules,
        [this](const StoredRecord& record, RecordKind kind) -> Result<void> {
          if (record.index != seen.size()) return Error(ErrorKind::internal, "out of order");
          seen.emplace_back(to_string(kind));
          return {};
        },
        clock_, random_);
  }
  [[nodiscard]] Error refusal() {
    RecordRules rules(random_);
    auto opened = open(rules);
    REQUIRE_FALSE(opened);
    return std::move(opened).error();
  }

  enum class End { stop, crash };
  // A run that records so many calls after its boot, each durable, and seals those before `sealed`.
  // `pause` passes before each call.
  Recovered run(int calls, End end, int sealed = 0, Duration pause = {}) {
    RecordRules rules(random_);
    auto store = open(rules);
    INFO((store ? "" : store.error().message()));
    REQUIRE(store);
    const Masker masker;
    Auditor auditor(*store, rules, masker, clock_, random_, std::format("run{}", ++runs_));
    REQUIRE(auditor.start(store->recovered(), {}));
    for (int i = 0; i < calls; ++i) {
      clock_.passed += pause;
      for (const RecordKind kind : {RecordKind::tool_intent, RecordKind::tool_result})
        auditor.submit({Writer::boxer, kind, "s", std::format("t{}", calls_), {}},
                       [](Result<RecordPlace> place) { REQUIRE(place); });
      ++calls_;
      REQUIRE(auditor.commit());
      if (i < sealed) REQUIRE(auditor.seal());
    }
    if (end == End::stop) REQUIRE(auditor.stop("end"));
    return store->recovered();
  }
  // A run in which nothing happens for so long.
  void idle(Duration time) {
    RecordRules rules(random_);
    auto store = open(rules);
    REQUIRE(store);
    const Masker masker;
    Auditor auditor(*store, rules, masker, clock_, random_, std::format("run{}", ++runs_));
    REQUIRE(auditor.start(store->recovered(), {}));
    for (const Duration end = clock_.passed + time; clock_.passed < end;)
      clock_.passed += auditor.tend().value();
    REQUIRE(auditor.stop("end"));
  }
  LogReport verify(LogCheck check = {}) { return verify_folder(path(), check, random_).value(); }
  std::vector<std::string> records() {
    auto log = LogReader::open(path());
    REQUIRE(log);
    std::vector<std::string> all;
    while (const auto record = log->next().value()) all.emplace_back(record->bytes);
    return all;
  }

  codec::NoteKey epoch0() {
    return parse_public_key(read(folder_ / "audit" / kEpoch0Name)).value();
  }
  LogReport verify_epochs() { return verify({.epoch0 = epoch0()}); }

  std::vector<std::string> seen;

 private:
  Folder folder_;
  HeldRandom random_;
  HeldClock clock_;
  int runs_ = 0, calls_ = 0;
};

inline void change(const std::filesystem::path& path,
                   const std::function<void(std::string&)>& how) {
  std::string bytes = read(path);
  how(bytes);
  write(path, bytes);
}

}  // namespace glovebox::audit::test
