// The log as a file: `log.jsonl` in a directory of its own, one record a line, only appended to.
//
//   log.jsonl  records        head     signed note over the state (head.h)
//   key        private key    key.pub  public key, `name+hash+base64`
//
// The directory is 0700 and owned by this user, the files are 0600; anything else is refused, and
// so is every symbolic link. The index of a record is its line number, counted from 0. The key is
// made at the first start; its name (the origin of the log) is then fixed.
//
// Crash: a last line without LF was never acknowledged; it is cut at the next start and reported.
// Anything else that does not fit (a broken chain, fewer records than the head says, a key that is
// gone) is ErrorKind::conflict, exit 65: nothing is repaired silently. A limit of this version: a
// power cut that leaves a hole *inside* the last, unacknowledged group also ends there.
//
// Every flush first compares the file and the directory with their names and the size with what
// was written: a log that was unlinked, renamed, replaced, cut or written to by somebody else is
// an error before anything is acknowledged (ErrorKind::conflict).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "audit/head.h"
#include "audit/log_directory.h"
#include "audit/record.h"
#include "audit/record_store.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "codec/digest.h"
#include "codec/note.h"

namespace glovebox::audit {

// Unflushed bytes; append() refuses more until flush().
constexpr std::size_t kMaxGroupBytes = 16u << 20;

// What opening found.
struct Recovered {
  std::uint64_t records = 0;
  std::uint64_t cut_bytes = 0;   // of a torn last line
  codec::Sha256Digest cut_hash;  // of the bytes that were cut
  bool head_missing = false;     // there are records, but no head was ever published
};

class LogFile final : public RecordStore {
 public:
  // Called with every stored record, in order.
  using Visitor = std::function<Result<void>(std::uint64_t index, const Record& record)>;

  // Opens or creates. `origin` names a new key (no spaces, no `+`); an existing key keeps its own.
  // Errors: conflict (exit 65), exists (another auditor), denied (owner, mode, links), io,
  // limit.
  static Result<LogFile> open(const std::string& directory, std::string_view origin, Random& random,
                              const Visitor& visit);
  LogFile(LogFile&&) = default;
  LogFile& operator=(LogFile&&) = delete;
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  ~LogFile() override = default;

  const Recovered& recovered() const { return recovered_; }
  const codec::NoteKey& public_key() const { return public_key_; }
  int folder() const { return directory_.fd(); }

  std::uint64_t size() const override { return size_; }
  codec::Sha256Digest last_hash() const override { return last_; }
  Result<RecordPlace> append(std::string_view record) override;
  Result<void> flush() override;
  Result<std::string> publish_head() override;

 private:
  LogFile(LogDirectory directory, UniqueFd file, codec::Ed25519PrivateKey key,
          codec::NoteKey public_key);
  Result<void> write_group();

  LogDirectory directory_;
  UniqueFd file_;
  codec::Ed25519PrivateKey key_;
  codec::NoteKey public_key_;
  Recovered recovered_;
  std::uint64_t size_ = 0;
  std::uint64_t file_bytes_ = 0;
  codec::Sha256Digest last_;
  std::string group_;  // lines that are not written yet
  bool poisoned_ = false;
};

}  // namespace glovebox::audit
