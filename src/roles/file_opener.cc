#include "roles/file_opener.h"

#include <fcntl.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ipc/messages.h"
#include "os/file.h"
#include "os/identity.h"
#include "os/landlock.h"
#include "os/limits.h"
#include "seccomp/filter.h"

namespace glovebox::roles {

namespace {

// Not blocking: a FIFO with nobody at its other end must not hold up the supervisor.
Result<UniqueFd> open_for_reading(const std::string& path) {
  return os::open_path(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
}

Result<void> confine(const std::vector<std::string>& files, int channel) {
  TRY(os::new_session());  // a Ctrl-C is for the supervisor
  const UniqueFd null = TRY(os::open_path("/dev/null", O_RDWR));
  for (int number = 0; number < 3; ++number) TRY(os::place_fd(null.get(), number));
  TRY(os::close_others({channel}));
  TRY(os::set_not_dumpable());
  TRY(os::keep_only({os::Capability::dac_read_search}));
  TRY(os::die_with_parent());
  TRY(os::set_no_new_privileges());
  const os::Landlock landlock = TRY(os::Landlock::make(os::landlock_abi(), {}));
  for (const std::string& file : files) {
    // One that is not there now is not asked for later with success.
    const auto folder = os::open_path(file.substr(0, file.rfind('/')) + "/", O_PATH | O_DIRECTORY);
    if (folder) TRY(landlock.allow(folder->get(), os::file_right::read_file));
  }
  TRY(landlock.restrict_self());
  return os::load_filter(TRY(seccomp::compile_builtin("role-auditor")).program);
}

Result<void> answer(const ipc::Channel& channel, const ipc::Envelope& envelope) {
  if (envelope.type != ipc::OpenFile::kType || !envelope.fds.empty())
    return Error(ErrorKind::protocol, "file opener: unexpected message");
  const auto asked = TRY(ipc::OpenFile::decode(envelope.body));
  const auto file = open_for_reading(asked.path);
  ipc::FileOpened opened;
  std::vector<int> fds;
  if (file)
    fds.push_back(file->get());
  else
    opened.error = static_cast<std::uint32_t>(file.error().error_number());
  return channel.send(ipc::FileOpened::kType, opened.encode(), fds);
}

int serve(const std::vector<std::string>& files, const ipc::Channel& channel) {
  if (!confine(files, channel.fd())) return 1;
  while (true) {
    const auto envelope = channel.receive();
    if (!envelope) return 1;
    if (!*envelope) return 0;
    if (!answer(channel, **envelope)) return 1;
  }
}

}  // namespace

Result<FileOpener> FileOpener::keep(const std::vector<std::string>& files) {
  ipc::ChannelPair pair = TRY(ipc::make_channel_pair());
  os::Process process = TRY(os::fork_into(0, [&] {
    pair.first.close();
    return serve(files, pair.second);
  }));
  return FileOpener(std::move(pair.first), std::move(process));
}

FileOpener::~FileOpener() {
  channel_.close();
  if (process_.running()) (void)process_.reap(os::Process::Wait::yes);
}

Result<UniqueFd> FileOpener::open(const std::string& path) const {
  if (!channel_.open()) return open_for_reading(path);
  TRY(channel_.send(ipc::OpenFile::kType, ipc::OpenFile{path}.encode()));
  auto envelope = TRY(channel_.receive());
  if (!envelope) return Error(ErrorKind::closed, "what opens files for the supervisor is gone");
  if (envelope->type != ipc::FileOpened::kType)
    return Error(ErrorKind::protocol, "file opener: unexpected message");
  const auto opened = TRY(ipc::FileOpened::decode(envelope->body));
  if (envelope->fds.size() == 1) return std::move(envelope->fds.front());
  return Error::from_errno(static_cast<int>(opened.error), "open");
}

}  // namespace glovebox::roles
