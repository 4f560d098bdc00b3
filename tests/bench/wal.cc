// What a durable record costs: 1, 8 and 64 callers with one record outstanding each, and batches,
// beside what the device flushes when it is asked to do nothing else; and how fast a full segment
// is recovered. In the folder GLOVEBOX_BENCH_FOLDER. Prints one line of JSON.
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <print>
#include <string>
#include <thread>
#include <vector>

#include "audit/wal_directory.h"
#include "audit/wal_recovery.h"
#include "audit/wal_writer.h"
#include "base/clock.h"

namespace glovebox::audit {

namespace {

constexpr std::size_t kRecordBytes = 384;
constexpr Duration kRun = seconds(2);
constexpr int kFlushes = 400;
constexpr std::size_t kBatch = 4096;  // records of one pipelined group

double microseconds_of(Duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

double quantile(std::vector<double> times, double share) {
  std::ranges::sort(times);
  return times.at(std::min(times.size() - 1,
                           static_cast<std::size_t>(share * static_cast<double>(times.size()))));
}

// Callers hand in a record and sleep until it is durable; the one thread that writes takes all that
// wait.
class Desk {
 public:
  void submit(std::atomic<bool>& done) {
    {
      const std::lock_guard hold(lock_);
      waiting_.push_back(&done);
    }
    arrived_.notify_one();
    done.wait(false);
  }
  // All that wait, after the time that is worth waiting for more; none when nobody comes.
  std::vector<std::atomic<bool>*> take(Duration window, std::size_t callers, const Clock& clock) {
    std::unique_lock hold(lock_);
    arrived_.wait_for(hold, milliseconds(1), [&] { return !waiting_.empty(); });
    const Duration until = clock.monotonic() + window;
    while (waiting_.size() < callers && clock.monotonic() < until) {
      hold.unlock();
      std::this_thread::yield();
      hold.lock();
    }
    return std::exchange(waiting_, {});
  }

 private:
  std::mutex lock_;
  std::condition_variable arrived_;
  std::vector<std::atomic<bool>*> waiting_;
};

struct Rate {
  double per_second = 0, p50_us = 0, p99_us = 0;
};

void commit(WalWriter& writer) {
  REQUIRE(writer.commit());
  // As if tiles were written at leisure.
  if (writer.spare_bytes() < 2 * kWalSegment) REQUIRE(writer.release(writer.durable()));
}

Rate with_callers(WalWriter& writer, std::size_t callers, const Clock& clock) {
  const std::string record(kRecordBytes, 'r');
  Desk desk;
  std::vector<std::atomic<bool>> done(callers);
  std::atomic<std::size_t> alive{callers};
  std::vector<std::vector<double>> times(callers);
  std::vector<std::thread> threads;
  const Duration begin = clock.monotonic();
  for (std::size_t caller = 0; caller < callers; ++caller)
    threads.emplace_back([&, caller] {
      for (Duration asked{}; (asked = clock.monotonic()) - begin < kRun;) {
        done[caller] = false;
        desk.submit(done[caller]);
        times[caller].push_back(microseconds_of(clock.monotonic() - asked));
      }
      --alive;
    });
  std::uint64_t records = 0;
  while (alive > 0) {
    const auto group = desk.take(gather_window(writer.last_flush(), callers), callers, clock);
    for (std::size_t i = 0; i < group.size(); ++i) REQUIRE(writer.append(record));
    commit(writer);
    records += group.size();
    for (std::atomic<bool>* answered : group) {
      *answered = true;
      answered->notify_one();
    }
  }
  const Duration took = clock.monotonic() - begin;
  for (std::thread& thread : threads) thread.join();
  std::vector<double> all;
  for (const auto& some : times) all.insert(all.end(), some.begin(), some.end());
  return {static_cast<double>(records) / (microseconds_of(took) / 1e6), quantile(all, 0.5),
          quantile(all, 0.99)};
}

}  // namespace

TEST_CASE("write-ahead log") {
  const char* const named = ::getenv("GLOVEBOX_BENCH_FOLDER");
  REQUIRE(named != nullptr);
  const std::string path = std::string(named) + "/wal-bench";
  std::filesystem::remove_all(path);
  const SystemClock clock;
  SystemRandom random;
  const LogDirectory log = LogDirectory::open_to_write(path).value();
  WalDirectory wal = WalDirectory::open(log, path).value();
  const auto scan = [&] {
    return scan_wal(wal, 0, [](std::span<const WalRecord>) { return Result<void>(); }).value();
  };

  // The device alone: one block of a file of zeros after the other.
  const WalDevicePtr bare = wal.create_segment(999, 4 * kMiB).value();
  std::vector<double> flushes;
  for (int i = 0; i < kFlushes; ++i) {
    const Duration begin = clock.monotonic();
    REQUIRE(
        bare->write(static_cast<std::uint64_t>(i) % 1024 * kWalBlock, std::string(kWalBlock, 'x')));
    REQUIRE(bare->sync());
    flushes.push_back(microseconds_of(clock.monotonic() - begin));
  }
  double flush_sum = 0;
  for (const double flush : flushes) flush_sum += flush;
  REQUIRE(wal.set_aside(999));

  double pipelined = 0;
  Rate rates[3];
  {
    WalWriter writer = WalWriter::open(wal, scan(), WalSizes{}, clock, random).value();
    const std::size_t callers[] = {1, 8, 64};
    for (std::size_t i = 0; i < 3; ++i) rates[i] = with_callers(writer, callers[i], clock);
    const std::string record(kRecordBytes, 'r');
    std::uint64_t records = 0;
    const Duration begin = clock.monotonic();
    while (clock.monotonic() - begin < kRun) {
      for (std::size_t i = 0; i < kBatch; ++i) REQUIRE(writer.append(record));
      commit(writer);
      records += kBatch;
    }
    pipelined = static_cast<double>(records) / (microseconds_of(clock.monotonic() - begin) / 1e6);
    REQUIRE(writer.release(writer.durable()));
  }
  {
    // One segment full to its end.
    WalWriter writer = WalWriter::open(wal, scan(), WalSizes{}, clock, random).value();
    REQUIRE(writer.release(writer.durable()));
    const std::string record(kRecordBytes, 'r');
    const std::uint64_t spare = writer.spare_bytes();
    while (spare - writer.spare_bytes() + 2 * kMiB < kWalSegment) {
      for (std::size_t i = 0; i < kBatch; ++i) REQUIRE(writer.append(record));
      REQUIRE(writer.commit());
    }
  }
  std::vector<double> recoveries;
  std::uint64_t recovered = 0;
  for (int run = 0; run < 5; ++run) {
    const Duration begin = clock.monotonic();
    const WalScan found = scan();
    recoveries.push_back(microseconds_of(clock.monotonic() - begin) / 1000);
    REQUIRE_FALSE(found.damage);
    recovered = found.next.index - found.state.durable;
  }
  REQUIRE(recovered * kRecordBytes > kWalSegment * 8 / 10);
  std::filesystem::remove_all(path);
  std::println(R"({{"fdatasync_per_s":{:.0f},"fdatasync_p50_us":{:.0f},"fdatasync_p99_us":{:.0f},)"
               R"("records_per_s_1":{:.0f},"records_per_s_8":{:.0f},"records_per_s_64":{:.0f},)"
               R"("pipelined_per_s":{:.0f},"latency_1_p50_us":{:.0f},"latency_1_p99_us":{:.0f},)"
               R"("latency_64_p50_us":{:.0f},"latency_64_p99_us":{:.0f},"recovery_ms":{:.1f}}})",
               kFlushes / (flush_sum / 1e6), quantile(flushes, 0.5), quantile(flushes, 0.99),
               rates[0].per_second, rates[1].per_second, rates[2].per_second, pipelined,
               rates[0].p50_us, rates[0].p99_us, rates[2].p50_us, rates[2].p99_us,
               quantile(recoveries, 0.5));
}

}  // namespace glovebox::audit
