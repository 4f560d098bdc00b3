// The directory of the log, its files and its key.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "codec/note.h"

namespace glovebox::audit {

constexpr std::string_view kLogName = "log.jsonl";
constexpr std::string_view kHeadName = "head";
constexpr std::string_view kKeyName = "key";
constexpr std::string_view kPublicKeyName = "key.pub";

class LogDirectory {
 public:
  // For writing: makes the last component (0700) if it is missing. Errors: denied (not 0700, not
  // ours, a symbolic link), not_found, conflict (a second auditor has it).
  static Result<LogDirectory> open_to_write(const std::string& path);
  // For reading: any owner and mode.
  static Result<LogDirectory> open_to_read(const std::string& path);

  int fd() const { return fd_.get(); }
  // The path still names this directory. Error: conflict.
  Result<void> check_in_place() const;

  // A small file whole; nothing if there is none. Errors: limit (more than max_bytes), denied (a
  // link; for writing also: not ours or not 0600).
  Result<std::optional<std::string>> read(std::string_view name, std::size_t max_bytes) const;
  // Replaces or makes `name` (0600) atomically and durably.
  Result<void> replace(std::string_view name, std::string_view bytes) const;

 private:
  LogDirectory(std::string path, UniqueFd fd, bool strict);
  std::string path_;
  UniqueFd fd_;
  bool strict_;
};

struct LogKey {
  codec::Ed25519PrivateKey private_key;
  codec::NoteKey public_key;
};

// Reads `key`, or makes it and `key.pub` for an empty log. A missing `key.pub` is written again.
// Errors: conflict (a key that is malformed, or missing with records there, or another key.pub).
enum class LogIs { empty, filled };
Result<LogKey> load_or_make_key(const LogDirectory& directory, std::string_view origin, LogIs log,
                                Random& random);

}  // namespace glovebox::audit
