// Work on files that may take long, done by a child of the boxer beside its loop, so that no
// session waits for it.
//
// The child is a copy of the boxer with its rights, its filter and only the descriptors that it is
// told to keep; it runs no code but ours, talks to nobody, and dies with the boxer (unless it acts
// as another user at that moment: then it ends when it is done). What it does must be whole or
// nothing at any instant.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "base/units.h"
#include "os/process.h"

namespace glovebox::roles {

class FileChore {
 public:
  // The caller has one thread. Errors: of the kernel.
  static Result<FileChore> start(std::vector<int> kept, const std::function<Result<void>()>& work);
  // With an answer, of at most kMaxAnswer bytes.
  static constexpr std::size_t kMaxAnswer = 256 * kKiB;
  static Result<FileChore> ask(std::vector<int> kept,
                               const std::function<Result<std::string>()>& work);

  int fd() const { return process_.pidfd(); }  // readable when it has ended
  bool ended();
  // Once it has ended: what the work came to. Kind internal; also when it was killed.
  Result<std::string> result() const;

 private:
  FileChore(os::Process process, UniqueFd answer)
      : process_(std::move(process)), answer_(std::move(answer)) {}
  os::Process process_;
  UniqueFd answer_;  // memory that the child writes to
  std::optional<os::ExitFacts> end_;
};

}  // namespace glovebox::roles
