// The directory of the log and the files in it.
//
// For writing it belongs to this user alone: 0700, files 0600 with one name each, no symbolic link
// anywhere below its own path, one writer at a time (a lock that ends with the process). It must be
// reachable: whoever made it lets this user search the folder above.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace glovebox::audit {

constexpr std::string_view kKeyName = "key";
constexpr std::string_view kPublicKeyName = "key.pub";

class LogDirectory {
 public:
  // For writing: makes the last component (0700) if it is missing, and removes what a replace()
  // left behind that was interrupted. Errors: denied (not 0700, not ours, a symbolic link),
  // not_found, exists (another auditor, which has it).
  static Result<LogDirectory> open_to_write(const std::string& path);
  // For reading: any owner and mode; the files may not be links.
  static Result<LogDirectory> open_to_read(const std::string& path);

  int fd() const { return fd_.get(); }
  // Its name still leads to this directory. Error: conflict.
  Result<void> check_in_place() const;

  // A regular file; nothing if there is none. Errors: denied (a link or no regular file; for
  // writing also: not ours, not 0600, a second name).
  enum class Access { read, append, update };  // update: at any offset
  Result<std::optional<UniqueFd>> open(std::string_view name, Access access) const;
  // Makes a new empty file for appending, durably. Error: exists.
  Result<UniqueFd> create(std::string_view name) const;

  // A small file whole, as open(); also limit (more than max_bytes).
  Result<std::optional<std::string>> read(std::string_view name, std::size_t max_bytes) const;
  // Replaces or makes `name` (0600) atomically and durably.
  Result<void> replace(std::string_view name, std::string_view bytes) const;

 private:
  enum class For { reading, writing };
  LogDirectory(UniqueFd parent, std::string name, UniqueFd fd, For purpose);

  UniqueFd parent_;  // the folder above; only held for writing
  std::string name_;
  UniqueFd fd_;
  For purpose_;
};

}  // namespace glovebox::audit
