// The files of the write-ahead log in the directory of the audit log:
//
//   state          two slots (wal_state.h)
//   wal/0001.wal   segments, filled with zeros when they are made
//   wal/0001.lost  one that was set aside; kept for people, never read
//
// `wal` is 0700 and the files are 0600, ours, with one name each, as in log_directory.h. A segment
// appears under its name only when it is whole: what a crash leaves of it goes at the next start.
#pragma once

#include <string>
#include <string_view>

#include "audit/log_directory.h"
#include "audit/wal_folder.h"
#include "base/result.h"

namespace glovebox::audit {

constexpr std::string_view kWalStateName = "state";
constexpr std::string_view kWalFolderName = "wal";

class WalDirectory final : public WalFolder {
 public:
  // `log` is open for writing at `path`. It outlives this, and this outlives its devices. Makes
  // the folder `wal`. Errors: as LogDirectory::open_to_write().
  static Result<WalDirectory> open(const LogDirectory& log, const std::string& path);
  // To look at a log that may be written to: `log` is open for reading; nothing can be changed and
  // nothing is synced. Errors: not_found (no write-ahead log), as LogDirectory::open_to_read().
  static Result<WalDirectory> open_to_read(const LogDirectory& log, const std::string& path);

  Result<std::vector<std::uint32_t>> segments() override;
  Result<WalDevicePtr> open_segment(std::uint32_t number) override;
  Result<WalDevicePtr> create_segment(std::uint32_t number, std::uint64_t size) override;
  Result<void> set_aside(std::uint32_t number) override;
  Result<WalDevicePtr> open_state() override;
  Result<void> make_state(std::string_view bytes) override;
  Result<void> check_in_place() const override;
  Result<os::SpaceFacts> space() const override;

 private:
  WalDirectory(const LogDirectory& log, LogDirectory segments, LogDirectory::Access access);

  const LogDirectory* log_;
  LogDirectory segments_;
  LogDirectory::Access access_;  // update, or read
};

}  // namespace glovebox::audit
