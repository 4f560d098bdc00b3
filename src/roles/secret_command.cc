#include "roles/secret_command.h"

#include <fcntl.h>

#include <format>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "ipc/messages.h"
#include "os/file.h"
#include "os/identity.h"
#include "os/limits.h"
#include "os/memfd.h"
#include "roles/command_output.h"
#include "roles/role.h"

namespace glovebox::roles {

namespace {

constexpr unsigned kPrivateFiles = 077;

// No filter: it would be the program's too. What this process reads is the program's output and
// messages without content.
Result<void> confine(StartedAs started, int channel) {
  TRY(os::new_session());  // a Ctrl-C is for the supervisor
  const UniqueFd null = TRY(os::open_path("/dev/null", O_RDWR));
  for (int number = 0; number < 3; ++number) TRY(os::place_fd(null.get(), number));
  TRY(os::close_others({channel}));
  os::set_file_mask(kPrivateFiles);
  TRY(os::set_limit(os::Resource::core, 0));
  if (started == StartedAs::root) {
    const RoleUser user = user_of(Role::supervisor);
    TRY(os::drop_groups());
    TRY(os::keep_over_uid_change());
    TRY(os::become(user.uid, user.gid));
  }
  TRY(os::keep_only({}));
  TRY(os::set_not_dumpable());
  TRY(os::set_no_new_privileges());
  return os::become_subreaper();
}

Result<void> answer(const ipc::Channel& channel, const CommandAnswer& made) {
  ipc::CommandRan message{.problem = "", .said = made.said};
  std::vector<int> fds;
  UniqueFd file;
  if (made.secret) {
    file = TRY(os::sealed_memfd("secret", made.secret->reveal()));
    fds.push_back(file.get());
  } else {
    message.problem = made.secret.error().message();
  }
  return channel.send(ipc::CommandRan::kType, message.encode(), fds);
}

// Never by a signal from the supervisor's end alone: that would leave what runs without a parent.
int serve(const std::vector<std::string>& words, StartedAs started, milliseconds patience,
          const ipc::Channel& channel) {
  if (!confine(started, channel.fd())) return 1;
  const SystemClock clock;
  std::optional<Duration> last;
  while (true) {
    const auto envelope = channel.receive();
    if (!envelope) return 1;
    if (!*envelope) return 0;
    if ((*envelope)->type != ipc::RunCommand::kType || !(*envelope)->fds.empty() ||
        !ipc::RunCommand::decode((*envelope)->body))
      return 1;
    if (last && *last + kCommandGap > clock.monotonic()) {
      std::vector<os::Poll> polls = {{.fd = channel.fd()}};
      const Duration wait = *last + kCommandGap - clock.monotonic();
      if (const auto gone = os::poll_fds(polls, std::chrono::ceil<milliseconds>(wait));
          !gone || *gone)
        return 1;
    }
    last = clock.monotonic();
    if (!answer(channel, run_for_secret(words, patience, channel.fd()))) return 1;
  }
}

}  // namespace

Result<SecretCommand> SecretCommand::keep(std::vector<std::string> words, StartedAs started,
                                          milliseconds patience) {
  if (words.empty()) return Error(ErrorKind::invalid, "a command without a program");
  ipc::ChannelPair pair = TRY(ipc::make_channel_pair());
  os::Process process = TRY(os::fork_into(0, [&] {
    pair.first.close();
    return serve(words, started, patience, pair.second);
  }));
  return SecretCommand(std::move(pair.first), std::move(process));
}

SecretCommand::~SecretCommand() {
  channel_.close();
  if (process_.running()) (void)process_.reap(os::Process::Wait::yes);
}

Result<void> SecretCommand::ask() {
  if (asked_) return {};
  if (!channel_.open())
    return Error(ErrorKind::closed, "what runs programs for the supervisor is gone");
  TRY(channel_.send(ipc::RunCommand::kType, ipc::RunCommand{}.encode()));
  asked_ = true;
  return {};
}

CommandAnswer SecretCommand::lost(std::string_view why) {
  channel_.close();
  return {Error(ErrorKind::closed, std::format("what runs programs for the supervisor {}", why)),
          {}};
}

CommandAnswer SecretCommand::take() {
  asked_ = false;
  auto envelope = channel_.receive();
  if (!envelope || !*envelope) return lost("is gone");
  if ((*envelope)->type != ipc::CommandRan::kType) return lost("broke the protocol");
  auto message = ipc::CommandRan::decode((*envelope)->body);
  if (!message || (*envelope)->fds.size() != (message->problem.empty() ? 1U : 0U))
    return lost("broke the protocol");
  if (!message->problem.empty())
    return {Error(ErrorKind::denied, std::move(message->problem)), std::move(message->said)};
  auto bytes = os::read_sealed_memfd((*envelope)->fds.front().get(), kCommandOutput);
  if (!bytes) return lost("broke the protocol");
  return {Secret::take(*std::move(bytes)), std::move(message->said)};
}

}  // namespace glovebox::roles
