#include "audit/log_file.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <string>
#include <vector>

#include "audit/auditor.h"
#include "folder.h"
#include "os/limits.h"
#include "os/process.h"
#include "support.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

constexpr std::size_t kSmall = 7;  // records of the log that is damaged at every byte

struct Fixture {
  Folder folder;
  std::string directory = folder / "audit";
  HeldRandom random;

  Result<LogFile> open() {
    CallIndex calls(random);
    return LogFile::open(directory, "test/audit", random, [&](std::uint64_t, const Record& record) {
      return index_record(calls, record);
    });
  }
  // A log of `count` records with a head over the first `covered`.
  void make(std::size_t count, std::size_t covered) {
    LogFile log = open().value();
    const std::vector<std::string> lines = sample_log(count).lines;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (i > 0 && i == covered) publish(log);
      REQUIRE(log.append(lines[i]));
    }
    if (covered == count)
      publish(log);
    else
      REQUIRE(log.flush());
  }
  static void publish(LogFile& log) {
    REQUIRE(log.flush());
    REQUIRE(log.publish_head());
  }
  std::string text() const { return read(folder / "audit/log.jsonl"); }
  void set_text(std::string_view text) const { write(folder / "audit/log.jsonl", text); }
  VerifyReport verify() const { return verify_directory(directory, std::nullopt).value(); }
};

std::string record_after(const LogFile& log, RecordKind kind = RecordKind::boot) {
  const RecordStamp stamp{
      .wall = {1}, .since_boot = {}, .boot_id = "b1", .previous = log.last_hash()};
  return build_record(kind, stamp, "", "", {}).value();
}

}  // namespace

TEST_CASE_METHOD(Fixture, "a log with one byte changed is not opened") {
  make(kSmall, kSmall);
  const std::string good = text();
  std::size_t opened = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string changed = good;
    changed[at] = static_cast<char>(changed[at] ^ 0x01);
    set_text(changed);
    const auto log = open();
    opened += log || log.error().kind() != ErrorKind::conflict;
    if (verify().verdict == Verdict::good) ++opened;
  }
  CHECK(opened == 0);
  set_text(good);
  CHECK(open());
}

TEST_CASE_METHOD(Fixture, "a log that was cut behind its head is not opened, at any length") {
  make(kSmall, kSmall);
  const std::string good = text();
  std::size_t opened = 0;
  for (std::size_t size = 0; size < good.size(); ++size) {
    set_text(std::string_view(good).substr(0, size));
    const auto log = open();
    opened += log || log.error().kind() != ErrorKind::conflict;
    opened += verify().verdict != Verdict::incomplete;
  }
  CHECK(opened == 0);
}

TEST_CASE_METHOD(Fixture, "a torn last line behind the head is cut and reported, at any length") {
  constexpr std::size_t kCovered = 4;
  make(kSmall, kCovered);
  const std::string good = text();
  const std::size_t least = sample_log(kCovered).text().size();
  std::filesystem::copy(directory, folder / "copy");
  for (std::size_t size = least; size <= good.size(); ++size) {
    const std::string_view cut = std::string_view(good).substr(0, size);
    const std::size_t whole = cut.rfind('\n') + 1;
    set_text(cut);
    CAPTURE(size);
    {
      LogFile log = open().value();
      REQUIRE(log.recovered().cut_bytes == size - whole);
      if (size > whole) {
        REQUIRE(log.recovered().cut_hash == codec::sha256(cut.substr(whole)));
      }
      REQUIRE_FALSE(log.recovered().head_missing);
      // Going on costs several flushes of the device, so it is tried at some lengths only.
      if (size % 16 != 0) continue;
      REQUIRE(log.append(record_after(log)));
      publish(log);
    }
    REQUIRE(verify().verdict == Verdict::good);
    // Back to the head of before.
    write(folder / "audit/head", read(folder / "copy/head"));
  }
}

TEST_CASE_METHOD(Fixture, "lines in another order, removed, doubled or inserted are not opened") {
  make(kSmall, kSmall - 2);
  const std::vector<std::string> good = sample_log(kSmall).lines;
  const auto refused = [&](std::vector<std::string> lines) {
    std::string joined;
    for (const std::string& line : lines) joined += line + "\n";
    set_text(joined);
    const auto log = open();
    return !log && log.error().kind() == ErrorKind::conflict;
  };
  for (std::size_t i = 0; i + 1 < kSmall; ++i) {
    CAPTURE(i);
    auto lines = good;
    std::swap(lines[i], lines[i + 1]);
    CHECK(refused(lines));
    lines = good;
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(i));
    CHECK(refused(lines));
    lines = good;
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(i), lines[i]);
    CHECK(refused(lines));
    lines = good;
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(i), std::string());
    CHECK(refused(lines));
  }
  CHECK_FALSE(refused(good));
}

TEST_CASE_METHOD(Fixture, "a log that breaks the rules of calls is not opened") {
  const struct {
    const char* name;
    std::vector<std::pair<RecordKind, const char*>> records;  // of one call, by session
  } rows[] = {
      {"two intents", {{RecordKind::tool_intent, "s"}, {RecordKind::tool_intent, "s"}}},
      {"a result without an intent", {{RecordKind::tool_result, "s"}}},
      {"a result of another session",
       {{RecordKind::tool_intent, "s"}, {RecordKind::tool_result, "t"}}},
      {"two results",
       {{RecordKind::tool_intent, "s"},
        {RecordKind::tool_result, "s"},
        {RecordKind::tool_result, "s"}}},
      {"a result after an orphan",
       {{RecordKind::tool_intent, "s"},
        {RecordKind::tool_orphan, "s"},
        {RecordKind::tool_result, "s"}}},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      MemoryLog forged;
      for (const auto& [kind, session] : row.records) forged.add(kind, session, "toolu_1");
      {
        LogFile log = open().value();
        for (const std::string& line : forged.lines) REQUIRE(log.append(line));
        REQUIRE(log.flush());
      }
      CHECK(open().error().kind() == ErrorKind::conflict);
    }
  }
}

TEST_CASE_METHOD(Fixture, "a head that does not fit, or is somebody else's, keeps the log shut") {
  make(kSmall, kSmall);
  const MemoryLog log = sample_log(kSmall);
  const auto key = test_key(77);
  const struct {
    const char* name;
    std::string head;
  } rows[] = {
      {"empty", ""},
      {"no note", "text\n"},
      {"by another key", log.head(key, kSmall)},
      {"cut", read(folder / "audit/head").substr(0, 60)},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      write(folder / "audit/head", row.head);
      CHECK(open().error().kind() == ErrorKind::conflict);
      CHECK(verify().verdict == Verdict::changed);
    }
  }
}

TEST_CASE_METHOD(Fixture, "files that are gone") {
  make(kSmall, kSmall);
  SECTION("the log, with a head") {
    std::filesystem::remove(folder / "audit/log.jsonl");
    CHECK(open().error().kind() == ErrorKind::conflict);
    CHECK(verify_directory(directory, std::nullopt).error().kind() == ErrorKind::not_found);
  }
  SECTION("the key") {
    std::filesystem::remove(folder / "audit/key");
    CHECK(open().error().kind() == ErrorKind::conflict);
  }
  SECTION("the head: opened, reported, verified as incomplete") {
    std::filesystem::remove(folder / "audit/head");
    CHECK(open().value().recovered().head_missing);
    CHECK(verify().verdict == Verdict::incomplete);
  }
  SECTION("key.pub: nothing to check with, then written again") {
    std::filesystem::remove(folder / "audit/key.pub");
    CHECK(verify().verdict == Verdict::incomplete);
    CHECK(open());
    CHECK(verify().verdict == Verdict::good);
  }
}

TEST_CASE_METHOD(Fixture, "a log file that is not a plain one of ours is refused") {
  make(kSmall, kSmall);
  const auto log = folder / "audit/log.jsonl";
  SECTION("readable by others") {
    set_mode(log, 0644);
  }
  SECTION("a link") {
    std::filesystem::rename(log, folder / "audit/real");
    std::filesystem::create_symlink("real", log);
  }
  SECTION("a second name") {
    std::filesystem::create_hard_link(log, folder / "second");
  }
  SECTION("a folder") {
    std::filesystem::remove(log);
    std::filesystem::create_directory(log);
  }
  SECTION("a readable directory") {
    set_mode(directory, 0750);
  }
  SECTION("a key that others may read") {
    set_mode(folder / "audit/key", 0640);
  }
  SECTION("a head that is a link") {
    std::filesystem::rename(folder / "audit/head", folder / "audit/real");
    std::filesystem::create_symlink("real", folder / "audit/head");
  }
  SECTION("of another user") {
    if (::geteuid() == 0)
      REQUIRE(::chown(log.c_str(), 12345, 12345) == 0);
    else
      set_mode(log, 0660);
  }
  CHECK(open().error().kind() == ErrorKind::denied);
}

TEST_CASE_METHOD(Fixture, "a log that was touched by somebody else acknowledges nothing more") {
  make(kSmall, kSmall);
  LogFile log = open().value();
  const auto path = folder / "audit/log.jsonl";
  SECTION("unlinked") {
    std::filesystem::remove(path);
  }
  SECTION("renamed") {
    std::filesystem::rename(path, folder / "audit/old");
  }
  SECTION("replaced by a copy") {
    const std::string copy = text();
    std::filesystem::remove(path);
    write(path, copy);
    set_mode(path, 0600);
  }
  SECTION("a second name") {
    std::filesystem::create_hard_link(path, folder / "second");
  }
  SECTION("cut") {
    std::filesystem::resize_file(path, 100);
  }
  SECTION("written to") {
    std::ofstream(path, std::ios::app) << "x";
  }
  SECTION("the directory moved") {
    std::filesystem::rename(directory, folder / "moved");
  }
  SECTION("the directory replaced") {
    std::filesystem::rename(directory, folder / "moved");
    std::filesystem::copy(folder / "moved", directory);
  }
  REQUIRE(log.append(record_after(log)));
  CHECK(log.flush().error().kind() == ErrorKind::conflict);
  CHECK(log.flush().error().kind() == ErrorKind::io);
  CHECK(log.append(record_after(log)).error().kind() == ErrorKind::io);
  CHECK(log.publish_head().error().kind() == ErrorKind::io);
}

TEST_CASE_METHOD(Fixture, "a disk that is full ends the log, and what was acknowledged is there") {
  make(1, 1);
  constexpr std::uint64_t kLimit = 20'000;
  constexpr int kEndedAsItShould = 3;
  // In a process of its own: the limit cannot be taken back.
  auto child = os::fork_into(0, [&] {
    ::signal(SIGXFSZ, SIG_IGN);
    auto log = open();
    if (!log || !os::set_limit(os::Resource::file_size, kLimit)) return 1;
    for (int i = 0; i < 1000; ++i) {
      if (!log->append(record_after(*log))) return 2;
      const auto flushed = log->flush();
      if (flushed) continue;
      const bool poisoned = log->flush().error().kind() == ErrorKind::io && !log->publish_head();
      return flushed.error().kind() == ErrorKind::io && poisoned ? kEndedAsItShould : 4;
    }
    return 5;
  });
  REQUIRE(child);
  CHECK(child->reap(os::Process::Wait::yes).value()->code == kEndedAsItShould);
  const std::string left = text();
  const std::size_t whole = left.rfind('\n') + 1;
  LogFile log = open().value();
  CHECK(log.recovered().cut_bytes == left.size() - whole);
  CHECK(log.size() > 50);
}

TEST_CASE_METHOD(Fixture, "a second auditor is locked out") {
  const LogFile first = open().value();
  CHECK(open().error().kind() == ErrorKind::exists);
}

TEST_CASE_METHOD(Fixture, "only records are taken, and only as many as one write holds") {
  LogFile log = open().value();
  for (const std::string& bad :
       {std::string(), std::string("a\nb"), std::string(kMaxRecordBytes + 1, 'x')})
    CHECK(log.append(bad).error().kind() == ErrorKind::invalid);
  CHECK(log.size() == 0);
  const std::string large(kMaxRecordBytes, 'x');
  std::size_t taken = 0;
  while (log.append(large)) ++taken;
  CHECK(taken == kMaxGroupBytes / (kMaxRecordBytes + 1));
  CHECK(log.append(large).error().kind() == ErrorKind::limit);
  CHECK(log.publish_head().error().kind() == ErrorKind::internal);
  CHECK(log.flush());
  CHECK(log.append(large));
}

TEST_CASE_METHOD(Fixture, "what is flushed is in the file, what is not is not") {
  LogFile log = open().value();
  CHECK(log.recovered().records == 0);
  CHECK_FALSE(log.recovered().head_missing);
  const std::string line = record_after(log);
  const RecordPlace place = log.append(line).value();
  CHECK(place.index == 0);
  CHECK(place.hash == codec::sha256(line));
  CHECK(log.last_hash() == place.hash);
  CHECK(text().empty());
  REQUIRE(log.flush());
  CHECK(text() == line + "\n");
  REQUIRE(log.flush());
  CHECK(text() == line + "\n");
}

TEST_CASE_METHOD(Fixture, "a log goes on where it stopped, under the same key") {
  make(3, 3);
  const std::string key = read(folder / "audit/key.pub");
  for (std::uint64_t start = 3; start < 6; ++start) {
    LogFile log = open().value();
    CHECK(log.size() == start);
    CHECK(log.recovered().records == start);
    REQUIRE(log.append(record_after(log)));
    publish(log);
  }
  const VerifyReport report = verify();
  CHECK(report.verdict == Verdict::good);
  CHECK(report.records == 6);
  CHECK(report.key_from_log);
  CHECK(verify_directory(directory, key).value().verdict == Verdict::good);
  CHECK_FALSE(verify_directory(directory, key).value().key_from_log);
  CHECK(verify_directory(directory, note_key(test_key(50)).to_string()).value().verdict ==
        Verdict::changed);
  CHECK(verify_directory(directory, "no key").error().kind() == ErrorKind::invalid);
  CHECK(verify_directory(folder / "none", std::nullopt).error().kind() == ErrorKind::not_found);
}
