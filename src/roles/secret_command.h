// A secret that a program prints: the words for a proxy that change by the hour.
//
// One small process runs the program, made before the supervisor is confined, so that neither the
// supervisor's filter nor its walls are the program's, and none of its rights, descriptors or
// secrets are either. Started as root that process has the supervisor's ids and no capability. It
// runs the one program that it was made for, with the words that it was made with, whenever it is
// asked; it ends with the supervisor, and what the program started ends with it.
//
// The program is run without a shell: standard input is /dev/null, the environment is kCommandPath
// and LANG, the folder is /. It has kCommandPatience to print the secret, one line of at most
// kCommandOutput bytes, and to end with status 0. What it says on standard error is for the log:
// the first kCommandComplaint bytes, without the secret. When it is over, whatever it started is
// ended.
//
// What it does not protect against: a program that is not to be trusted. Others must not be able to
// write it (trusted_file.h); what it reads and starts itself is for whoever named it to know.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "base/units.h"
#include "ipc/channel.h"
#include "os/process.h"
#include "roles/confinement.h"

namespace glovebox::roles {

constexpr milliseconds kCommandPatience{10'000};
// From the beginning of one run to that of the next: who asks sooner waits.
constexpr milliseconds kCommandGap{1'000};
constexpr std::size_t kCommandOutput = 8 * kKiB;
constexpr std::size_t kCommandComplaint = 4 * kKiB;
constexpr std::string_view kCommandPath = "/usr/local/bin:/usr/bin:/bin";

struct CommandAnswer {
  Result<Secret> secret;  // why there is none
  std::string said;       // on standard error; not yet made fit for a terminal
};

class SecretCommand {
 public:
  SecretCommand() = default;  // none
  // Forks; the caller has one thread, and still the rights that it was started with. `words`: the
  // program's absolute path and what it is given. `patience` is another one in tests.
  static Result<SecretCommand> keep(std::vector<std::string> words, StartedAs started,
                                    milliseconds patience = kCommandPatience);
  SecretCommand(SecretCommand&&) = default;
  SecretCommand& operator=(SecretCommand&&) = default;  // over none
  SecretCommand(const SecretCommand&) = delete;
  SecretCommand& operator=(const SecretCommand&) = delete;
  // What runs is ended.
  ~SecretCommand();

  bool there() const { return channel_.open(); }
  // Readable when take() does not wait.
  int fd() const { return channel_.fd(); }
  // To run the program; nothing happens while it runs already. Error: closed (the process is gone).
  Result<void> ask();
  // What came of it; waits for it. Whatever fails in the process itself closes it.
  // Errors of the secret: denied (the run was refused or came to nothing; the text says why),
  // closed.
  CommandAnswer take();

 private:
  SecretCommand(ipc::Channel channel, os::Process process)
      : channel_(std::move(channel)), process_(std::move(process)) {}
  CommandAnswer lost(std::string_view why);
  ipc::Channel channel_;
  os::Process process_;
  bool asked_ = false;
};

}  // namespace glovebox::roles
