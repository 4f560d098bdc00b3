#include "audit/log_bench.h"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <format>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "audit/auditor.h"
#include "audit/mask.h"
#include "audit/record_rules.h"
#include "audit/tree_log.h"
#include "audit/verify_folder.h"
#include "os/file.h"
#include "os/positioned_io.h"

namespace glovebox::audit {

namespace {

constexpr int kFlushes = 400;
constexpr std::uint64_t kBareBytes = 4 * kMiB;
constexpr std::size_t kCallers[] = {1, 8, 64};
constexpr std::size_t kBatch = 2048;       // records of one group, in batches
constexpr std::size_t kMaxEntries = 4096;  // of one folder of tiles
constexpr std::uint64_t kSpace = 512 * kMiB;
constexpr std::string_view kOrigin = "bench/glovebox";

double micros(Duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

double per_second(std::uint64_t count, Duration time) {
  return static_cast<double>(count) / (micros(time) / 1e6);
}

double quantile(std::vector<double>& times, double share) {
  if (times.empty()) return 0;
  std::ranges::sort(times);
  const auto place = static_cast<std::size_t>(share * static_cast<double>(times.size()));
  return times[std::min(times.size() - 1, place)];
}

// Callers hand in a record and sleep until it is durable; the thread that writes takes all that
// wait.
class Desk {
 public:
  using Done = std::atomic<bool>;

  void submit(Done& done) {
    {
      const std::lock_guard hold(lock_);
      waiting_.push_back(&done);
    }
    arrived_.notify_one();
    done.wait(false);
  }
  std::vector<Done*> take() {
    std::unique_lock hold(lock_);
    arrived_.wait_for(hold, milliseconds(1), [&] { return !waiting_.empty(); });
    return std::exchange(waiting_, {});
  }

 private:
  std::mutex lock_;
  std::condition_variable arrived_;
  std::vector<Done*> waiting_;
};

// A log and its auditor, as in the role.
class Bench {
 public:
  Bench(std::string path, const Clock& clock, Random& random)
      : path_(std::move(path)), clock_(clock), random_(random), rules_(random) {}

  Result<void> open() {
    log_.emplace(TRY(TreeLog::open(
        {.directory = path_, .origin = std::string(kOrigin)}, rules_,
        [](const StoredRecord&, RecordKind) { return Result<void>(); }, clock_, random_)));
    auditor_.emplace(*log_, rules_, masker_, clock_, random_, random_.hex(8));
    return auditor_->start(log_->recovered(), {});
  }
  Result<CallerRate> with_callers(std::size_t callers, Duration run);
  Result<double> in_batches(Duration run);
  Result<void> stop() { return auditor_->stop("bench"); }
  std::uint64_t records() const { return log_->size(); }

 private:
  // One more record, of calls as they are.
  void submit_next();
  Result<void> commit() {
    TRY(auditor_->commit());
    return refused_ ? Error(*refused_) : Result<void>();
  }
  Result<std::uint64_t> serve(Desk& desk, const std::atomic<std::size_t>& alive);

  std::string path_;
  const Clock& clock_;
  Random& random_;
  RecordRules rules_;
  const Masker masker_;
  std::optional<TreeLog> log_;
  std::optional<Auditor> auditor_;
  std::optional<Error> refused_;
  std::uint64_t next_ = 0;
};

void Bench::submit_next() {
  const std::uint64_t number = next_++;
  const std::string call = std::format("toolu_{:016x}", number / 2);
  const std::string session = std::format("sesn_{:08x}", number / 64);
  const Salt salt = Salt::generate(random_);
  codec::JsonObject members;
  if (number % 2 == 0) {
    members.set("tool", "bash");
    members.set("in", salt.commitment(std::string(40, 'a')));
    members.set("arg", codec::Json::object({{"command", "make -j2 && ./run --all"}}));
    members.set("dec", "allow");
    members.set("rule", "policy.toml:17");
    members.set("pol", std::string(64, 'a'));
  } else {
    members.set("outcome", "finished");
    members.set("exit", 0);
    members.set("ns", std::int64_t{12'148'000});
    members.set("out", salt.commitment(std::string(120, 'b')));
  }
  auditor_->submit(
      {Writer::boxer, number % 2 == 0 ? RecordKind::tool_intent : RecordKind::tool_result, session,
       call, std::move(members), salt},
      [this](Result<RecordPlace> place) {
        if (!place && !refused_) refused_ = std::move(place).error();
      });
}

Result<std::uint64_t> Bench::serve(Desk& desk, const std::atomic<std::size_t>& alive) {
  std::uint64_t records = 0;
  std::optional<Error> failed;
  // Whoever waits is answered, also when the log has failed.
  while (alive > 0) {
    const auto group = desk.take();
    if (!failed) {
      for (std::size_t i = 0; i < group.size(); ++i) submit_next();
      if (auto done = commit(); !done) failed = std::move(done).error();
    }
    records += group.size();
    for (Desk::Done* answered : group) {
      *answered = true;
      answered->notify_one();
    }
    if (failed) continue;
    if (auto tended = auditor_->tend(); !tended) failed = std::move(tended).error();
  }
  if (failed) return *std::move(failed);
  return records;
}

Result<CallerRate> Bench::with_callers(std::size_t callers, Duration run) {
  Desk desk;
  std::vector<Desk::Done> done(callers);
  std::atomic<std::size_t> alive{callers};
  std::vector<std::vector<double>> times(callers);
  std::vector<std::thread> threads;
  const Duration begin = clock_.monotonic();
  for (std::size_t caller = 0; caller < callers; ++caller)
    threads.emplace_back([&, caller] {
      for (Duration asked{}; (asked = clock_.monotonic()) - begin < run;) {
        done[caller] = false;
        desk.submit(done[caller]);
        times[caller].push_back(micros(clock_.monotonic() - asked));
      }
      --alive;
    });
  const auto records = serve(desk, alive);
  const Duration took = clock_.monotonic() - begin;
  for (std::thread& thread : threads) thread.join();
  if (!records) return records.error();
  std::vector<double> all;
  for (const auto& some : times) all.insert(all.end(), some.begin(), some.end());
  return CallerRate{callers, per_second(*records, took), quantile(all, 0.5), quantile(all, 0.99)};
}

Result<double> Bench::in_batches(Duration run) {
  const Duration begin = clock_.monotonic();
  std::uint64_t records = 0;
  while (clock_.monotonic() - begin < run) {
    for (std::size_t i = 0; i < kBatch && auditor_->has_room(); ++i, ++records) submit_next();
    TRY(commit());
    TRY(auditor_->tend());
  }
  return per_second(records, clock_.monotonic() - begin);
}

Result<FlushTimes> bare_flushes(const std::string& path, const Clock& clock) {
  const LogDirectory log = TRY(LogDirectory::open_to_write(path));
  WalDirectory wal = TRY(WalDirectory::open(log, path));
  const WalDevicePtr device = TRY(wal.create_segment(1, kBareBytes));
  const std::string block(kWalBlock, 'x');
  std::vector<double> times;
  const Duration begin = clock.monotonic();
  for (int i = 0; i < kFlushes; ++i) {
    const Duration before = clock.monotonic();
    TRY(device->write(static_cast<std::uint64_t>(i) * kWalBlock % kBareBytes, block));
    TRY(device->sync());
    times.push_back(micros(clock.monotonic() - before));
  }
  const double rate = per_second(kFlushes, clock.monotonic() - begin);
  return FlushTimes{quantile(times, 0.5), quantile(times, 0.99), rate};
}

Result<std::uint64_t> bytes_below(int folder) {
  std::uint64_t bytes = 0;
  for (const os::FolderEntry& entry : TRY(os::list_folder(folder, kMaxEntries))) {
    if (entry.type == os::FileType::folder) {
      const UniqueFd below = TRY(os::open_at(folder, entry.name, O_RDONLY | O_DIRECTORY));
      bytes += TRY(bytes_below(below.get()));
    } else {
      bytes += TRY(os::facts_at(folder, entry.name)).size;
    }
  }
  return bytes;
}

Result<LogBench> measure(const std::string& path, Duration run, const Clock& clock,
                         Random& random) {
  LogBench out;
  out.bare = TRY(bare_flushes(path + "/bare", clock));
  const std::string log = path + "/log";
  {
    Bench bench(log, clock, random);
    TRY(bench.open());
    for (const std::size_t callers : kCallers)
      out.rates.push_back(TRY(bench.with_callers(callers, run)));
    out.batches_per_second = TRY(bench.in_batches(run));
    TRY(bench.stop());
    out.records = bench.records();
  }
  const UniqueFd tiles = TRY(os::open_path(log + "/tile", O_RDONLY | O_DIRECTORY));
  const std::uint64_t bytes = TRY(bytes_below(tiles.get()));
  out.bytes_per_record = static_cast<double>(bytes) / static_cast<double>(out.records);
  Duration begin = clock.monotonic();
  const LogReport report = TRY(verify_folder(log, {}, random));
  const Duration took = clock.monotonic() - begin;
  if (report.verdict != Verdict::good)
    return Error(ErrorKind::internal, "the log of the measurement is not good: " + report.reason);
  out.verify_records_per_second = per_second(out.records, took);
  out.verify_bytes_per_second = per_second(bytes, took);
  begin = clock.monotonic();
  Bench again(log, clock, random);
  TRY(again.open());
  out.open_ms = micros(clock.monotonic() - begin) / 1000;
  TRY(again.stop());
  return out;
}

}  // namespace

Result<LogBench> measure_log(const std::string& folder, Duration run, const Clock& clock,
                             Random& random) {
  const UniqueFd parent = TRY_CONTEXT(os::open_path(folder, O_RDONLY | O_DIRECTORY), folder);
  if (TRY(os::space_of(parent.get())).free_bytes < kSpace)
    return Error(ErrorKind::limit, folder + ": 512 MiB must be free");
  const std::string name = "glovebox-bench-" + random.hex(8);
  TRY_CONTEXT(os::make_folder(parent.get(), name, 0700), folder);
  auto measured = measure(folder + "/" + name, run, clock, random);
  auto removed = os::remove_tree(parent.get(), name);
  if (measured) TRY_CONTEXT(std::move(removed), name);
  return measured;
}

std::string LogBench::text() const {
  std::string out = std::format("a flush alone: p50 {:.0f} us, p99 {:.0f} us, {:.0f} a second\n",
                                bare.p50_us, bare.p99_us, bare.per_second);
  for (const CallerRate& rate : rates)
    out += std::format(
        "{:2} {}: {:.0f} durable records a second ({:.2f} a flush), p50 {:.0f} us, p99 {:.0f} us\n",
        rate.callers, rate.callers == 1 ? "caller " : "callers", rate.per_second,
        rate.per_second / bare.per_second, rate.p50_us, rate.p99_us);
  out += std::format("in batches: {:.0f} durable records a second\n", batches_per_second);
  out += std::format("{:.0f} bytes a record, with its tree\n", bytes_per_record);
  out += std::format("verify: {:.0f} records a second, {:.0f} MB a second\n",
                     verify_records_per_second, verify_bytes_per_second / 1e6);
  out += std::format("start with {} records: {:.0f} ms\n", records, open_ms);
  return out;
}

codec::Json LogBench::to_json() const {
  const auto whole = [](double value) { return codec::Json(static_cast<std::int64_t>(value)); };
  codec::JsonArray callers;
  for (const CallerRate& rate : rates)
    callers.push_back(codec::Json::object({{"callers", static_cast<std::int64_t>(rate.callers)},
                                           {"per_second", whole(rate.per_second)},
                                           {"p50_us", whole(rate.p50_us)},
                                           {"p99_us", whole(rate.p99_us)}}));
  return codec::Json::object({{"flush_p50_us", whole(bare.p50_us)},
                              {"flush_p99_us", whole(bare.p99_us)},
                              {"flush_per_second", whole(bare.per_second)},
                              {"callers", std::move(callers)},
                              {"batches_per_second", whole(batches_per_second)},
                              {"bytes_per_record", whole(bytes_per_record)},
                              {"verify_records_per_second", whole(verify_records_per_second)},
                              {"verify_bytes_per_second", whole(verify_bytes_per_second)},
                              {"open_ms", whole(open_ms)},
                              {"records", static_cast<std::int64_t>(records)}});
}

}  // namespace glovebox::audit
