// Crashes at every step: every write and every sync of a log is remembered, then replayed up to
// each of them, with every subset of the sectors that were in flight. Whatever is left must be a
// log that holds all that was acknowledged, nothing that was not written, in order, by whole
// groups.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "wal_support.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

constexpr std::size_t kAllSubsets = 12;  // sectors in flight; of more, random subsets
constexpr int kRandomSubsets = 200;
constexpr int kHalfSectors = 8;  // runs with sectors that landed in part

// What was promised after so many steps.
struct Mark {
  std::size_t steps = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t released = 0;  // the tiles were said to hold
};

struct History {
  Disk start;
  std::vector<Step> steps;
  std::vector<Mark> marks;
  std::vector<std::string> records;  // that were ever handed over, by index
  std::set<std::uint64_t> group_ends;

  const Mark& mark_at(std::size_t step) const {
    const auto after = std::ranges::upper_bound(marks, step, {}, &Mark::steps);
    return *(after - 1);
  }
};

class Harness {
 public:
  explicit Harness(std::uint64_t seed) : dice_(seed), random_(seed) {}

  std::size_t runs = 0;
  std::string fault;  // the first thing that was wrong

  // Writes on `disk`, which holds `promised` and `records`, for `commits` groups.
  History write(const Disk& disk, Mark promised, std::vector<std::string> records,
                const WalSizes& sizes, int commits) {
    History history{.start = disk, .records = std::move(records)};
    Disk work = disk;
    DiskFolder folder(work);
    promised.steps = 0;
    history.marks.push_back(promised);
    const WalScan scan = recover(folder, promised.acknowledged).scan;
    // What was recovered is the log from here on.
    history.records.resize(scan.next.index);
    promised.acknowledged = scan.next.index;
    history.group_ends.insert(scan.next.index);
    const auto promise = [&] {
      promised.steps = folder.steps.size();
      history.marks.push_back(promised);
    };
    promise();
    auto opened = WalWriter::open(folder, scan, sizes, clock_, random_);
    REQUIRE(opened);
    WalWriter& writer = *opened;
    for (int i = 0; i < commits; ++i) {
      while (true) {
        std::string record = some_record(dice_);
        const auto place = writer.append(record);
        REQUIRE(place);
        REQUIRE(place->index == history.records.size());
        history.records.push_back(std::move(record));
        if (roll(dice_, 0, 2) == 0 || history.records.size() - promised.acknowledged >= 6) break;
      }
      history.group_ends.insert(history.records.size());
      REQUIRE(writer.commit());
      promised.acknowledged = writer.durable();
      promise();
      if (roll(dice_, 0, 9) == 0 || i == 1) {
        promised.released = std::max(promised.released, roll(dice_, 0, writer.durable()));
        promise();
        REQUIRE(writer.release(promised.released));
      }
    }
    history.steps = std::move(folder.steps);
    return history;
  }

  // Every prefix with every subset. Returns one of the disks that were left, by chance, and what
  // it must hold.
  std::pair<Disk, Mark> crash_everywhere(const History& history) {
    Disk now = history.start;
    std::pair<Disk, Mark> kept{now, history.marks.front()};
    const std::size_t keep = roll(dice_, history.steps.size() / 2, history.steps.size());
    for (std::size_t step = 0; step <= history.steps.size(); ++step) {
      if (step > 0) now.apply(history.steps[step - 1]);
      const Mark& mark = history.mark_at(step);
      const std::vector<Sector> sectors = now.pending();
      if (!sectors.empty()) kill(now, mark, history);
      for (const auto& landed : subsets(sectors.size())) {
        Disk crashed = now;
        crashed.cut_power(sectors, landed);
        check(crashed, mark, history);
        if (step == keep) kept = {crashed, mark};
      }
      // Or only the process dies, and the kernel writes on.
      if (step == keep && roll(dice_, 0, 1) == 0) kept = {now, mark};
    }
    return kept;
  }

 private:
  std::vector<std::vector<Landed>> subsets(std::size_t count) {
    std::vector<std::vector<Landed>> all;
    if (count <= kAllSubsets)
      for (std::size_t mask = 0; mask < std::size_t{1} << count; ++mask) {
        all.emplace_back(count);
        for (std::size_t i = 0; i < count; ++i)
          all.back()[i] = (mask >> i & 1) != 0 ? Landed::whole : Landed::not_at_all;
      }
    for (int i = 0; count > kAllSubsets && i < kRandomSubsets; ++i) all.push_back(some(count, 1));
    for (int i = 0; count > 0 && i < kHalfSectors; ++i) all.push_back(some(count, 2));
    return all;
  }
  std::vector<Landed> some(std::size_t count, std::uint64_t most) {
    std::vector<Landed> landed(count);
    for (Landed& one : landed) one = static_cast<Landed>(roll(dice_, 0, most));
    return landed;
  }

  Recovered check(Disk& crashed, const Mark& mark, const History& history) {
    ++runs;
    Recovered found = recover(crashed, mark.acknowledged);
    const WalScan& scan = found.scan;
    const std::uint64_t begin = scan.state.durable;
    const auto wrong = [&](const char* what) {
      if (fault.empty()) fault = what;
    };
    if (scan.damage) wrong("a crash was taken for damage");
    if (scan.next.index < mark.acknowledged) wrong("an acknowledged record is lost");
    if (scan.next.index > history.records.size()) wrong("a record was invented");
    if (begin > mark.released) wrong("records are skipped that no tile holds");
    if (!found.in_order) wrong("records out of order");
    if (begin + found.records.size() != scan.next.index) wrong("records are missing");
    if (scan.next.index > mark.acknowledged && !history.group_ends.contains(scan.next.index))
      wrong("a part of a group");
    for (std::size_t i = 0; i < found.records.size() && fault.empty(); ++i)
      if (found.records[i] != history.records[begin + i]) wrong("a record is another one");
    return found;
  }

  // The process dies, the kernel keeps what it has; a new one goes on; then the power goes.
  void kill(const Disk& now, const Mark& mark, const History& history) {
    Disk killed = now;
    const Recovered before = check(killed, mark, history);
    if (!fault.empty()) return;
    History more = write(now, mark, history.records, sizes_of(now), 1);
    Disk after = more.start;
    for (const Step& step : more.steps) after.apply(step);
    after.cut_power();
    check(after, more.marks.back(), more);
    if (more.marks.back().acknowledged <= before.scan.next.index && fault.empty())
      fault = "nothing was written after a kill";
  }
  static WalSizes sizes_of(const Disk& disk) {
    WalSizes sizes = kSmallWal;
    const auto header = parse_wal_header(disk.has("1") ? disk.read("1") : "");
    if (header) sizes = {header->block, header->segment, sizes.segments, sizes.group};
    return sizes;
  }

  Dice dice_;
  DiceRandom random_;
  SetClock clock_;
};

// Each history goes on from a crash of the one before.
std::size_t crash_often(const WalSizes& sizes, int rounds, int commits, std::uint64_t seed) {
  Harness harness(seed);
  Disk disk;
  Mark mark;
  std::vector<std::string> records;
  for (int round = 0; round < rounds; ++round) {
    CAPTURE(seed, round);
    const History history = harness.write(disk, mark, records, sizes, commits);
    std::tie(disk, mark) = harness.crash_everywhere(history);
    REQUIRE(harness.fault == "");
    records = history.records;
  }
  return harness.runs;
}

}  // namespace

TEST_CASE("no crash loses, invents or reorders a record") {
  std::size_t runs = 0;
  // Small groups in small segments: all subsets, and segments that are used again and again.
  runs += crash_often(kSmallWal, 12, 60, 1);
  // Groups of a whole page, and some of several.
  runs += crash_often({.block = 4096, .segment = 32'768, .segments = 3, .group = 9000}, 4, 14, 2);
  // Groups of up to 20 sectors: random subsets.
  runs += crash_often({.block = 2048, .segment = 32'768, .segments = 2, .group = 10'000}, 4, 20, 3);
  CAPTURE(runs);
  CHECK(runs >= 10'000);
}

// The kernel calls pages clean that it could not write; whoever believes them builds on nothing.
TEST_CASE("no write or sync that fails loses a record, at any place") {
  // Ends at the first error. `records`: what was acknowledged.
  const auto session = [](DiskFolder& folder, std::vector<std::string>& records, int commits) {
    static const SetClock clock;
    DiceRandom random(folder.steps.size());
    Dice dice(records.size());
    std::vector<std::string> found;
    const auto scan = scan_wal(folder, records.size(), [&](std::span<const WalRecord> group) {
      for (const WalRecord& record : group) found.emplace_back(record.bytes);
      return Result<void>();
    });
    if (!scan) return;
    REQUIRE_FALSE(scan->damage);
    const auto known = static_cast<std::ptrdiff_t>(scan->state.durable);
    REQUIRE(scan->next.index >= records.size());
    REQUIRE(std::equal(records.begin() + known, records.end(), found.begin()));
    records.resize(static_cast<std::size_t>(known));
    records.insert(records.end(), found.begin(), found.end());
    auto writer = WalWriter::open(folder, *scan, kSmallWal, clock, random);
    for (int i = 0; writer && i < commits; ++i) {
      std::string record = some_record(dice, 900);
      if (!writer->append(record) || !writer->commit()) return;
      records.push_back(std::move(record));
      if (i % 7 == 6 && !writer->release(writer->durable())) return;
    }
  };
  constexpr int kMany = 30, kFew = 3;
  std::size_t failures = 0;
  for (const bool is_sync : {true, false})
    for (int at = 0;; ++at) {
      CAPTURE(is_sync, at);
      Disk disk;
      std::vector<std::string> records;
      DiskFolder first(disk);
      session(first, records, kMany);
      DiskFolder failing(disk);
      int& countdown = is_sync ? failing.fail_sync_in : failing.fail_write_in;
      countdown = at;
      session(failing, records, kMany);
      if (countdown >= 0) break;  // there is no such place
      ++failures;
      // The process ends, and what is in the kernel's memory stays. The next one gives no segment
      // back, so that all of it is looked at again.
      DiskFolder next(disk);
      session(next, records, kFew);
      disk.cut_power();
      DiskFolder last(disk);
      session(last, records, kFew);
    }
  CHECK(failures > 70);
}
