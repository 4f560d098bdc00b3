#include "audit/tree_log.h"

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <functional>
#include <string>

#include "run_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

TEST_CASE("a log goes on where it ended, after a stop and after a crash") {
  RunLog log;
  CHECK(log.run(3, RunLog::End::stop).records == 0);
  CHECK(log.verify().verdict == Verdict::good);
  CHECK(log.records().size() == 8);  // boot, 3 calls, stop

  const Recovered second = log.run(2, RunLog::End::crash);
  CHECK(second.records == 8);
  CHECK_FALSE(second.checkpoint_missing);
  CHECK(second.torn.bytes == 0);
  // What was acknowledged is there, sealed or not; the checkpoint speaks of the boot alone.
  CHECK(log.records().size() == 14);  // the seal of an epoch, boot, 2 calls
  LogReport report = log.verify();
  CHECK(report.verdict == Verdict::incomplete);
  CHECK(report.unsealed() == 4);
  CHECK(log.verify({.max_tail = seconds(1)}).verdict == Verdict::good);

  CHECK(log.run(1, RunLog::End::stop).records == 14);
  CHECK(log.seen.size() == 14);
  report = log.verify();
  CHECK(report.verdict == Verdict::good);
  CHECK(report.records == 19);
  CHECK(report.epochs == 2);
  CHECK(report.intents == 6);
  CHECK(log.seen.front() == "boot");
}

TEST_CASE("many runs, more than segments hold") {
  RunLog log;
  for (int run = 0; run < 12; ++run)
    log.run(90, run % 3 == 0 ? RunLog::End::stop : RunLog::End::crash, run % 2 == 0 ? 40 : 0);
  log.run(0, RunLog::End::stop);
  const LogReport report = log.verify();
  INFO(report.reason);
  CHECK(report.verdict == Verdict::good);
  CHECK(report.intents == 12 * 90);
}

TEST_CASE("a call that the log knows does not run again after a restart") {
  RunLog log;
  log.run(1, RunLog::End::crash);
  HeldRandom random;
  RecordRules rules(random);
  auto store = log.open(rules);
  REQUIRE(store);
  CHECK(rules.calls().find("t0") == CallState::finished);
  // One writer at a time.
  RecordRules others(random);
  const auto second = log.open(others);
  REQUIRE_FALSE(second);
  CHECK(second.error().kind() == ErrorKind::exists);
}

TEST_CASE("a log that was changed is not opened") {
  RunLog log;
  log.run(300, RunLog::End::stop);  // more than a bundle
  const struct {
    const char* name;
    const char* file;
    std::function<void(std::string&)> how;
  } rows[] = {
      {"a record in a full bundle", "tile/entries/000",
       [](std::string& bytes) { bytes[bytes.find("\"s\"") + 1] = 'x'; }},
      {"a record in the last bundle", "tile/entries/002.p/90",
       [](std::string& bytes) { bytes[bytes.find("\"s\"") + 1] = 'x'; }},
      {"a tile", "tile/1/000.p/2", [](std::string& bytes) { bytes[40] ^= 1; }},
      {"the size in the checkpoint", "checkpoint",
       [](std::string& bytes) { bytes[bytes.find('\n') + 1] = '5'; }},
      {"a signature", "checkpoint", [](std::string& bytes) { bytes[bytes.size() - 6] ^= 1; }},
      {"no checkpoint", "checkpoint", [](std::string& bytes) { bytes.clear(); }},
      {"the key", "key.pub", [](std::string& bytes) { bytes[bytes.size() - 4] ^= 1; }},
      {"the state", "state",
       [](std::string& bytes) {
         for (char& byte : bytes) byte = 'x';
       }},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      INFO(row.file);
      REQUIRE(std::filesystem::exists(log / row.file));
      change(log / row.file, row.how);
      const Error refused = log.refusal();
      INFO(refused.message());
      CHECK(refused.kind() == ErrorKind::conflict);
      CHECK(log.verify().verdict == Verdict::changed);
    }
  }
}

TEST_CASE("what is missing keeps a log from being opened") {
  RunLog log;
  log.run(300, RunLog::End::stop);
  for (const char* name : {"checkpoint", "key", "state", "tile", "tile/entries/001", "wal"}) {
    DYNAMIC_SECTION(name) {
      REQUIRE(std::filesystem::remove_all(log / name) > 0);
      CHECK(log.refusal().kind() == ErrorKind::conflict);
    }
  }
}

TEST_CASE("an older checkpoint with its tiles does not go with a newer write-ahead log") {
  RunLog log;
  log.run(2, RunLog::End::stop);
  const std::string older = read(log / "checkpoint");
  log.run(2, RunLog::End::stop);
  write(log / "checkpoint", older);
  const Error refused = log.refusal();
  CHECK(refused.kind() == ErrorKind::conflict);
  const LogReport report = log.verify();
  INFO(report.reason);
  CHECK(report.verdict == Verdict::changed);
}

TEST_CASE("a folder that is no log of this kind is left alone") {
  RunLog log;
  log.run(1, RunLog::End::stop);
  write(log / "log.jsonl", "{}\n");
  std::filesystem::permissions(log / "log.jsonl", std::filesystem::perms(0600));
  CHECK(log.refusal().message().contains("older version"));
  std::filesystem::remove(log / "log.jsonl");
  log.run(1, RunLog::End::stop);

  const Folder empty;
  HeldRandom random;
  CHECK(verify_folder(empty.path(), {}, random).error().kind() == ErrorKind::not_found);
  CHECK(LogReader::open(empty.path()).error().kind() == ErrorKind::not_found);
  CHECK(LogReader::open(empty / "none").error().kind() == ErrorKind::not_found);
}

TEST_CASE("a reader sees what was sealed since, while the log is written") {
  RunLog log;
  HeldRandom random;
  RecordRules rules(random);
  auto store = log.open(rules);
  REQUIRE(store);
  RecordMaker maker;
  const auto append = [&](int count) {
    for (int i = 0; i < count; ++i) REQUIRE(store->append(maker.next_sample(), std::nullopt));
    REQUIRE(store->flush());
    REQUIRE(store->settle());
  };
  append(3);
  REQUIRE(store->publish());
  append(2);
  auto reader = LogReader::open(log.path());
  REQUIRE(reader);
  CHECK(reader->sealed() == 3);
  for (std::uint64_t index = 0; index < 5; ++index) CHECK(reader->next().value()->index == index);
  CHECK_FALSE(reader->next().value());
  append(600);
  REQUIRE(store->publish());
  CHECK_FALSE(reader->next().value());
  REQUIRE(reader->refresh());
  for (std::uint64_t index = 5; index < 605; ++index)
    REQUIRE(reader->next().value()->index == index);
  CHECK_FALSE(reader->next().value());
  reader->skip_to(2);
  CHECK(reader->next().value()->index == 2);
}
