// The salts of commitments (salt.h): beside the log, outside of its tree. Erasing a salt closes the
// commitments of its record for good and changes no byte that the tree covers.
//
// In the folder `salts`, in files of kSaltsOfFile slots of kSaltBytes: the slot of record i is
// number i % kSaltsOfFile of file i / kSaltsOfFile (16 digits). A slot of zeros and a file that is
// not there say the same: there is no salt (none was needed, it was erased or lost). A verifier
// does not care; a reviewer is told that the commitment cannot be opened. A file is written out
// with zeros before it is needed, so that salts have their place when the disk is full.
//
// Order: put() before the record is taken; flush() before a checkpoint speaks of the record. So a
// sealed record has its salt. A power cut takes the salts of records that were not sealed yet, at
// most about a second's: their commitments stay closed. (A flush of its own for each group would
// double what a durable record costs.) What a crash left of records that never were is cleared;
// the salt of a record that is durable is never replaced, only erased.
//
// What it does not protect against: a file system that keeps old versions, or flash that keeps
// remnants of an erased salt. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "audit/log_directory.h"
#include "audit/salt.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace glovebox::audit {

constexpr std::string_view kSaltsName = "salts";
constexpr std::uint64_t kSaltsOfFile = 16'384;  // 512 KiB

class SaltStore {
 public:
  // `folder` is the auditor's alone. `next`: how many records are durable. A missing file is made
  // for the next of them, salts behind it are cleared, and the next flush() takes what a run before
  // may not have flushed. Errors: of the kernel.
  static Result<SaltStore> open_to_write(LogDirectory folder, std::uint64_t next);
  static SaltStore open_to_read(LogDirectory folder) { return {std::move(folder), 0}; }

  // Of a record that is not durable yet; twice for one index: the second holds. Errors: denied (it
  // is durable), of the kernel.
  Result<void> put(std::uint64_t index, const Salt& salt);
  // Errors: of the kernel; final, as of the log itself.
  Result<void> flush();
  // So many records are durable now; their salts are not replaced any more. A file that will be
  // needed soon is made; on a full disk it is not.
  Result<void> durable(std::uint64_t next);

  // nullopt: there is none. Errors: of the kernel.
  Result<std::optional<Salt>> get(std::uint64_t index) const;
  // Durable when it returns. False: there was none. Errors: of the kernel.
  Result<bool> erase(std::uint64_t index);

 private:
  struct File {
    UniqueFd fd;
    bool is_dirty = false;
  };
  SaltStore(LogDirectory folder, std::uint64_t next) : folder_(std::move(folder)), next_(next) {}
  Result<File*> file_of(std::uint64_t number);
  Result<bool> touch(std::uint64_t number);
  Result<void> clear(std::uint64_t next, std::uint64_t number);
  Result<void> write(std::uint64_t index, std::string_view bytes);

  LogDirectory folder_;
  std::uint64_t next_;
  std::map<std::uint64_t, File> files_;  // that are written, by number
};

}  // namespace glovebox::audit
