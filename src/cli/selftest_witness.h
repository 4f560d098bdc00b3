// What must stay as it is while a selftest attacks it from within a box, and who sees whether it
// does: a process of its own, outside, with a file, two sockets and itself to be harmed.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "os/process.h"

namespace glovebox::cli {

class Witness {
 public:
  // Call it before anything restricts this process. The folder is open to everybody, so that no
  // file mode stands in for a wall.
  static Result<Witness> start(Random& random);

  const std::string& folder() const { return folder_; }
  std::string secret_file() const { return folder_ + "/secret"; }
  const std::string& secret() const { return secret_; }  // what is in it
  const std::string& socket() const { return socket_; }  // abstract
  std::uint16_t port() const { return port_; }           // of 127.0.0.1
  std::string process() const { return std::to_string(process_.pid()); }
  // A word that marks processes of the selftest: of their command line.
  const std::string& mark() const { return mark_; }

  // Ends the witness. What was harmed, in words; empty: nothing. Errors: the witness is gone, which
  // is harm as well.
  Result<std::string> end();

 private:
  Witness() = default;
  std::string folder_, secret_, socket_, mark_;
  std::uint16_t port_ = 0;
  os::Process process_;
  UniqueFd ask_, answer_;
};

}  // namespace glovebox::cli
