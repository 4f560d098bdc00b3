#include "audit/log_reader.h"

#include <format>
#include <utility>

#include "audit/sealed_records.h"
#include "audit/tile_folder.h"
#include "audit/tile_store.h"
#include "audit/wal_directory.h"
#include "audit/wal_tail.h"
#include "codec/checkpoint.h"

namespace glovebox::audit {

namespace {

// While somebody writes, the checkpoint may be overtaken between two reads.
constexpr int kLooks = 5;

}  // namespace

struct LogReader::State {
  State(std::string place, LogDirectory folder)
      : path(std::move(place)), directory(std::move(folder)), tiles(directory), sealed(tiles, 0) {}

  Result<bool> read_checkpoint();
  Result<void> look();

  std::string path;
  LogDirectory directory;
  TileFolder tiles;
  SealedRecords sealed;
  WalTail tail;
  std::uint64_t at = 0;
};

// False: there is none.
Result<bool> LogReader::State::read_checkpoint() {
  const auto note = TRY_CONTEXT(directory.read(kCheckpointName, codec::kMaxCheckpointBytes), path);
  if (!note) return false;
  const auto seen = codec::claimed_checkpoint(*note);
  if (!seen)
    return Error(ErrorKind::conflict,
                 std::format("{}: {}", kCheckpointName, seen.error().message()));
  sealed.grow(seen->tree.size);
  return true;
}

Result<void> LogReader::State::look() {
  for (int looks = 1;; ++looks) {
    const bool there = TRY(read_checkpoint());
    if (!there && !TRY(directory.open(kWalStateName, LogDirectory::Access::read)))
      return Error(ErrorKind::not_found, path + " holds no log");
    auto found = read_wal_tail(directory, path, sealed.size());
    const bool overtaken = !found && found.error().kind() == ErrorKind::conflict;
    if (overtaken && looks < kLooks) continue;
    tail = TRY_CONTEXT(std::move(found), path);
    return {};
  }
}

LogReader::LogReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
LogReader::LogReader(LogReader&&) noexcept = default;
LogReader& LogReader::operator=(LogReader&&) noexcept = default;
LogReader::~LogReader() = default;

Result<LogReader> LogReader::open(const std::string& path) {
  auto state = std::make_unique<State>(path, TRY(LogDirectory::open_to_read(path)));
  TRY(state->look());
  return LogReader(std::move(state));
}

Result<std::optional<StoredRecord>> LogReader::next() {
  State& state = *state_;
  if (state.at < state.sealed.size()) {
    state.sealed.skip_to(state.at);
    auto record = TRY(state.sealed.next());
    if (record) state.at = record->index + 1;
    return record;
  }
  if (const auto bytes = state.tail.at(state.at)) return StoredRecord{state.at++, *bytes};
  if (state.tail.damage) return Error(ErrorKind::conflict, *state.tail.damage);
  return std::nullopt;
}

void LogReader::skip_to(std::uint64_t index) {
  state_->at = index;
}

Result<void> LogReader::refresh() {
  TRY(state_->read_checkpoint());
  return {};
}

std::uint64_t LogReader::sealed() const {
  return state_->sealed.size();
}

const LogDirectory& LogReader::directory() const {
  return state_->directory;
}

}  // namespace glovebox::audit
