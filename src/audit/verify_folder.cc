#include "audit/verify_folder.h"

#include <format>
#include <optional>
#include <string>
#include <utility>

#include "audit/log_directory.h"
#include "audit/log_key.h"
#include "audit/tile_store.h"
#include "audit/wal_directory.h"
#include "audit/wal_tail.h"
#include "codec/checkpoint.h"

namespace glovebox::audit {

namespace {

// While somebody writes, what is read first may be overtaken.
constexpr int kLooks = 5;

Result<void> check_there(const LogDirectory& log, const std::string& path) {
  for (const std::string_view name : {kCheckpointName, kWalStateName, kPublicKeyName})
    if (TRY(log.open(name, LogDirectory::Access::read))) return {};
  return Error(ErrorKind::not_found, path + " holds no log");
}

// The records that no bundle holds yet; read when the first is asked for.
class Tail {
 public:
  Tail(const LogDirectory& log, const std::string& path) : log_(log), path_(path) {}

  Result<std::optional<std::string>> at(std::uint64_t index) {
    if (!tail_ && problem_.empty()) TRY(read(index));
    if (!tail_) return std::nullopt;
    const auto bytes = tail_->at(index);
    return bytes ? std::optional<std::string>(*bytes) : std::nullopt;
  }
  // What in it does not fit to the checkpoint; empty: nothing.
  std::string problem(const std::optional<codec::TreeHead>& sealed) const {
    if (!problem_.empty() || !tail_ || !sealed || tail_->released <= sealed->size) return problem_;
    return std::format("the checkpoint speaks of {} records, there was one over {}", sealed->size,
                       tail_->released);
  }

 private:
  Result<void> read(std::uint64_t first) {
    auto tail = read_wal_tail(log_, path_, first);
    if (!tail && tail.error().kind() != ErrorKind::conflict &&
        tail.error().kind() != ErrorKind::denied)
      return std::move(tail).error();
    if (!tail)
      problem_ = tail.error().message();
    else if (tail->damage)
      problem_ = *tail->damage;
    if (tail) tail_ = *std::move(tail);
    return {};
  }

  const LogDirectory& log_;
  const std::string& path_;
  std::optional<WalTail> tail_;
  std::string problem_;
};

}  // namespace

Result<LogReport> verify_folder(const std::string& path, const LogCheck& check, Random& random) {
  const LogDirectory log = TRY(LogDirectory::open_to_read(path));
  TRY(check_there(log, path));
  for (int looks = 1;; ++looks) {
    const auto before = log.read(kCheckpointName, codec::kMaxCheckpointBytes);
    Tail tail(log, path);
    LogReport report = TRY(
        verify_tiles(log, check, [&tail](std::uint64_t index) { return tail.at(index); }, random));
    const std::string problem = tail.problem(report.sealed);
    if (problem.empty()) return report;
    const auto after = log.read(kCheckpointName, codec::kMaxCheckpointBytes);
    const bool overtaken = before && after && *before != *after;
    if (overtaken && looks < kLooks) continue;
    report.blame(Verdict::changed, problem);
    return report;
  }
}

}  // namespace glovebox::audit
