// What a guest must not be able to do, as single system calls: `glovebox selftest` makes them
// inside a box. Each does no harm where it gets through.
//
// An attempt is made in a child of its own, since a filter may kill for it and some change the
// process. Nothing here protects anything.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace glovebox::os {

struct Attempt {
  std::string_view id;    // of the attack list
  std::string_view what;  // for people
  // Through: 0. Refused: the errno. The argument is the attempt's own.
  int (*make)(const std::string& argument);
  // Refusals that come from a wall; any other one only shows that the attempt was made badly.
  std::span<const int> refusals;
};

struct AttemptEnd {
  enum class Kind { refused, refused_otherwise, through, not_made } kind = Kind::not_made;
  std::string detail;  // `EPERM`, `signal 31`
};
AttemptEnd make_attempt(const Attempt& attempt, const std::string& argument);

// Those that need no argument.
std::span<const Attempt> kernel_attempts();

// With an argument: a path; a path of a folder; a process; a TCP port of the loopback address; the
// name of an abstract socket.
extern const Attempt kSeePath;
extern const Attempt kWriteBelow;  // refused also where there is nothing
extern const Attempt kEndProcess;
extern const Attempt kConnectPort;
extern const Attempt kConnectAbstract;
// As many threads as there may be processes, and more; the argument is not looked at.
extern const Attempt kTooManyThreads;

// A listening socket with an abstract name, for who wants to know whether somebody comes.
Result<UniqueFd> listen_abstract(const std::string& name);

}  // namespace glovebox::os
