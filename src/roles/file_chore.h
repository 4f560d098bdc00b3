// Work on files that may take long, done by a child of the boxer beside its loop, so that no
// session waits for it.
//
// The child is a copy of the boxer with its rights, its filter and only the descriptors that it is
// told to keep; it runs no code but ours, talks to nobody, and dies with the boxer (unless it acts
// as another user at that moment: then it ends when it is done). What it does must be whole or
// nothing at any instant.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "os/process.h"

namespace glovebox::roles {

class FileChore {
 public:
  // The caller has one thread. Errors: of the kernel.
  static Result<FileChore> start(std::vector<int> kept, const std::function<Result<void>()>& work);

  int fd() const { return process_.pidfd(); }  // readable when it has ended
  bool ended();
  // Once it has ended: what the work came to. Kind internal; also when it was killed.
  Result<void> result() const;

 private:
  FileChore(os::Process process, UniqueFd report)
      : process_(std::move(process)), report_(std::move(report)) {}
  os::Process process_;
  UniqueFd report_;
  std::optional<os::ExitFacts> end_;
};

}  // namespace glovebox::roles
