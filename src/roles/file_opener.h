// Opens the operator's files for the supervisor, at the start and again at each reload.
//
// Started as root, the supervisor gives up the right to open them. One small process then keeps
// it: forked before, it holds CAP_DAC_READ_SEARCH and nothing else, may by Landlock only read files
// in the folders that the named files lie in, reads no byte itself, and passes the descriptor on.
// It ends with the supervisor. Started by an ordinary user nothing is given up, and no process is
// made. What a file may be trusted with is for whoever reads it to check.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "ipc/channel.h"
#include "os/process.h"

namespace glovebox::roles {

class FileOpener {
 public:
  // With the rights of this process.
  FileOpener() = default;
  // Forks; the caller has one thread, and still the rights that it had when it was started.
  // `files`: absolute paths.
  static Result<FileOpener> keep(const std::vector<std::string>& files);
  FileOpener(FileOpener&&) = default;
  FileOpener& operator=(FileOpener&&) = default;  // over one without a process
  FileOpener(const FileOpener&) = delete;
  FileOpener& operator=(const FileOpener&) = delete;
  // Lets the process end, which a supervisor that may no longer signal it cannot make it do.
  ~FileOpener();

  // For reading; a last symbolic link is not followed. Errors: denied (no right, a folder that was
  // not named), invalid (a symbolic link), not_found, closed (the process is gone), those of the
  // kernel.
  Result<UniqueFd> open(const std::string& path) const;

 private:
  FileOpener(ipc::Channel channel, os::Process process)
      : channel_(std::move(channel)), process_(std::move(process)) {}
  ipc::Channel channel_;  // closed: this process opens
  os::Process process_;
};

}  // namespace glovebox::roles
