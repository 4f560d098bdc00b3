#include "audit/verify.h"

#include <algorithm>

#include <catch2/catch_test_macros.hpp>

#include "support.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

constexpr std::size_t kRecords = 50;

struct Fixture {
  codec::Ed25519PrivateKey key = test_key();
  codec::NoteKey known = note_key(key);
  MemoryLog log = sample_log(kRecords);
  std::string text = log.text();
  std::string head = log.head(key, kRecords);

  VerifyReport of(std::string_view bytes) const { return check(bytes, head, known); }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a whole log with its head is good") {
  const VerifyReport report = of(text);
  CHECK(report.verdict == Verdict::good);
  CHECK(report.records == kRecords);
  CHECK(report.covered == kRecords);
  CHECK(report.intents == 25);
  CHECK(report.results == 24);
  CHECK_FALSE(report.key_from_log);
  CHECK(report.summary() ==
        "50 records (25 intents, 24 results, 0 denials, 0 orphans), "
        "2026-11-24T15:42:31.000000Z to 2026-11-24T15:42:31.000049Z, good");
}

TEST_CASE_METHOD(Fixture, "clocks that were set back do not make a log less good") {
  MemoryLog stepped;
  for (const std::int64_t wall : {1'795'534'951'000'000, 1'700'000'000'000'000,
                                  1'900'000'000'000'000, 1'795'534'951'000'000}) {
    const RecordStamp stamp{.wall = {wall},
                            .since_boot = microseconds(5),  // another boot
                            .boot_id = "b1",
                            .previous = stepped.last(stepped.lines.size())};
    stepped.lines.push_back(build_record(RecordKind::boot, stamp, "", "", {}).value());
  }
  CHECK(check(stepped.text(), stepped.head(key, 4), known).verdict == Verdict::good);
}

TEST_CASE_METHOD(Fixture, "a log cut at any byte is never good") {
  for (std::size_t size = 0; size < text.size(); ++size) {
    const VerifyReport report = of(std::string_view(text).substr(0, size));
    if (report.verdict == Verdict::incomplete && !report.bad_line) continue;
    CAPTURE(size, report.reason);
    FAIL("cut");
  }
  SUCCEED();
}

// Twenty thousand logs are verified; with a sanitizer watching each of them takes so long that
// every eleventh byte has to do. `make test` has no sanitizer and takes them all.
#if __has_feature(address_sanitizer)
constexpr std::size_t kEveryByte = 11;
#else
constexpr std::size_t kEveryByte = 1;
#endif

TEST_CASE_METHOD(Fixture, "a log with any one byte changed is never good") {
  std::size_t not_found = 0;
  for (std::size_t at = 0; at < text.size(); at += kEveryByte) {
    for (const char mask : {'\x01', '\x20', '\x80'}) {
      std::string changed = text;
      changed[at] = static_cast<char>(changed[at] ^ mask);
      if (of(changed).verdict == Verdict::good) ++not_found;
      // Without a head the chain alone finds everything but a change in the last line.
      const bool last_line = at >= text.size() - log.lines.back().size() - 1;
      if (!last_line && check(changed, std::nullopt, known).verdict != Verdict::changed)
        ++not_found;
    }
  }
  CHECK(not_found == 0);
}

TEST_CASE_METHOD(Fixture, "a head with any one byte changed is never good") {
  std::size_t not_found = 0;
  for (std::size_t at = 0; at < head.size(); ++at) {
    for (const char mask : {'\x01', '\x20', '\x80'}) {
      std::string changed = head;
      changed[at] = static_cast<char>(changed[at] ^ mask);
      if (check(text, changed, known).verdict == Verdict::good) ++not_found;
    }
  }
  for (std::size_t size = 0; size < head.size(); ++size)
    if (check(text, head.substr(0, size), known).verdict == Verdict::good) ++not_found;
  CHECK(not_found == 0);
}

TEST_CASE_METHOD(Fixture, "records that were moved are found at their place") {
  const auto lines_changed = [&](auto change) {
    MemoryLog changed = log;
    change(changed.lines);
    return of(changed.text());
  };
  for (std::size_t i = 0; i + 1 < kRecords; ++i) {
    CAPTURE(i);
    const VerifyReport swapped = lines_changed([&](auto& l) { std::swap(l[i], l[i + 1]); });
    CHECK(swapped.verdict == Verdict::changed);
    CHECK(swapped.bad_line == i + 1);

    const VerifyReport removed =
        lines_changed([&](auto& l) { l.erase(l.begin() + static_cast<std::ptrdiff_t>(i)); });
    CHECK(removed.verdict == Verdict::changed);
    CHECK(removed.bad_line == i + 1);

    const VerifyReport doubled =
        lines_changed([&](auto& l) { l.insert(l.begin() + static_cast<std::ptrdiff_t>(i), l[i]); });
    CHECK(doubled.verdict == Verdict::changed);
    CHECK(doubled.bad_line == i + 2);

    const VerifyReport inserted = lines_changed([&](auto& l) {
      MemoryLog forged{.lines = {l.begin(), l.begin() + static_cast<std::ptrdiff_t>(i)}};
      forged.add(RecordKind::boot);
      l.insert(l.begin() + static_cast<std::ptrdiff_t>(i), forged.lines.back());
    });
    CHECK(inserted.verdict == Verdict::changed);
    CHECK(inserted.bad_line == i + 2);  // the forged one fits; what follows it does not
  }
  CHECK(lines_changed([](auto& l) { l.push_back(l.back()); }).verdict == Verdict::changed);
  CHECK(lines_changed([](auto& l) { l.insert(l.begin() + 3, ""); }).bad_line == 4);
}

TEST_CASE_METHOD(Fixture,
                 "a chain that was recomputed from some record on is not what the head says") {
  for (std::size_t from = 0; from < kRecords; ++from) {
    MemoryLog forged{
        .lines = {log.lines.begin(), log.lines.begin() + static_cast<std::ptrdiff_t>(from)}};
    while (forged.lines.size() < kRecords) forged.add(RecordKind::boot);
    if (from == 0) REQUIRE(forged.lines[0] == log.lines[0]);
    const VerifyReport report = of(forged.text());
    CAPTURE(from);
    CHECK(report.verdict == Verdict::changed);
    CHECK(report.bad_line == kRecords);
  }
}

TEST_CASE_METHOD(Fixture, "records behind the head are told apart from changes") {
  for (std::size_t size = 0; size < kRecords; ++size) {
    const VerifyReport report = check(text, log.head(key, size), known);
    CAPTURE(size);
    CHECK(report.verdict == Verdict::incomplete);
    CHECK(report.covered == size);
    CHECK(report.records == kRecords);
  }
  CHECK(check(text, log.head(key, kRecords - 1), known).reason == "1 record after the head");
}

TEST_CASE_METHOD(Fixture, "a head that anybody else signed counts for nothing") {
  const codec::Ed25519PrivateKey other = test_key(77);
  const VerifyReport forged = check(text, log.head(other, kRecords), known);
  CHECK(forged.verdict == Verdict::changed);
  // The same head under the forger's own key is good: who gives no key gets no proof.
  CHECK(check(text, log.head(other, kRecords), note_key(other)).verdict == Verdict::good);
  // Right key, another log's name.
  CHECK(check(text, head, note_key(key, "other/audit")).verdict == Verdict::changed);
}

TEST_CASE_METHOD(Fixture, "a signed note that is not a head is not taken for one") {
  const std::string hash = log.last(kRecords).hex();
  const struct {
    const char* name;
    std::string text;
  } rows[] = {
      {"a checkpoint", "test/audit\n50\n" + hash + "\n"},
      {"no hash", "glovebox audit head v1\ntest/audit\n50\n"},
      {"one line more", "glovebox audit head v1\ntest/audit\n50\n" + hash + "\nx\n"},
      {"another origin", "glovebox audit head v1\ntest/other\n50\n" + hash + "\n"},
      {"size with a zero in front", "glovebox audit head v1\ntest/audit\n050\n" + hash + "\n"},
      {"size with a sign", "glovebox audit head v1\ntest/audit\n+50\n" + hash + "\n"},
      {"size beyond 64 bits",
       "glovebox audit head v1\ntest/audit\n99999999999999999999\n" + hash + "\n"},
      {"empty size", "glovebox audit head v1\ntest/audit\n\n" + hash + "\n"},
      {"short hash", "glovebox audit head v1\ntest/audit\n50\nabcd\n"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      codec::Note note{.text = row.text, .signatures = {}};
      note.signatures.push_back(codec::sign_note(row.text, "test/audit", key).value());
      CHECK(check(text, codec::format_note(note), known).verdict == Verdict::changed);
    }
  }
}

TEST_CASE_METHOD(Fixture, "a key without a head is not good, nor a head without a key") {
  const VerifyReport no_head = check(text, std::nullopt, known);
  CHECK(no_head.verdict == Verdict::incomplete);
  CHECK(no_head.reason == "no head");
  const VerifyReport no_key = check(text, head, std::nullopt);
  CHECK(no_key.verdict == Verdict::incomplete);
  CHECK(no_key.reason == "no key to check the head with");
  CHECK(check("", log.head(key, 0), known).verdict == Verdict::incomplete);
  CHECK(check("", std::nullopt, std::nullopt).verdict == Verdict::incomplete);
}

TEST_CASE_METHOD(Fixture, "a torn line behind a whole log is incomplete") {
  const VerifyReport report = of(text + "{\"boot\"");
  CHECK(report.verdict == Verdict::incomplete);
  CHECK(report.torn_bytes == 7);
  CHECK(of(text + std::string(kMaxRecordBytes + 1, 'x')).verdict == Verdict::changed);
}

TEST_CASE_METHOD(Fixture, "a stream gives the same verdict however it is split") {
  class Dribble final : public ByteSource {
   public:
    explicit Dribble(std::string_view bytes) : rest_(bytes) {}
    Result<std::size_t> read(std::span<char> out) override {
      const std::size_t count =
          std::min({out.size(), rest_.size(), std::size_t{1} + rest_.size() % 3});
      std::copy_n(rest_.begin(), count, out.begin());
      rest_.remove_prefix(count);
      return count;
    }

   private:
    std::string_view rest_;
  };
  Dribble source(std::string_view(text).substr(0, 2000));
  const VerifyReport slow = verify_log({.log = &source, .head = head, .key = known}).value();
  const VerifyReport fast = of(std::string_view(text).substr(0, 2000));
  CHECK(slow.reason == fast.reason);
  CHECK(slow.records == fast.records);
  CHECK(slow.torn_bytes == fast.torn_bytes);
}

TEST_CASE("the summary cannot steer a terminal") {
  VerifyReport report;
  report.reason = "line 1: \x1b[2J\xe2\x80\xae";
  CHECK(report.summary() == "0 records, incomplete: line 1: <x1b>[2J<u202e>");
}
