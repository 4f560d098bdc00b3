#include "os/call_reports.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "os/file.h"
#include "os/filter_program.h"
#include "os/identity.h"
#include "os/process.h"

namespace glovebox::os {

namespace {

// A newer kernel may tell more than is known here; it writes all of it.
union Notification {
  seccomp_notif told;
  std::array<std::byte, 1024> room;
};

Result<UniqueFd> load(const sock_fprog& program, unsigned flags) {
  const long fd = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  if (fd < 0) return Error::from_errno(errno, "seccomp with a listener");
  return UniqueFd(static_cast<int>(fd));
}

}  // namespace

Result<UniqueFd> load_filter_with_listener(std::string_view bytes) {
  std::vector<sock_filter> instructions = TRY(filter_instructions(bytes));
  const sock_fprog program{static_cast<unsigned short>(instructions.size()), instructions.data()};
  constexpr unsigned kListener = SECCOMP_FILTER_FLAG_NEW_LISTENER;
  auto listener = load(program, kListener | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
  if (listener || listener.error().error_number() != EINVAL) return listener;
  return load(program, kListener);
}

Result<std::optional<ReportedCall>> next_reported_call(int listener) {
  // The kernel counts what was reported, and takes nothing off for who died: after a poll that
  // found one there is something to receive, or the news that it is gone, never a wait.
  pollfd ready{listener, POLLIN, 0};
  if (::poll(&ready, 1, 0) < 0 && errno != EINTR) return Error::from_errno(errno, "poll");
  if ((ready.revents & POLLIN) == 0) {
    if ((ready.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
      return Error(ErrorKind::closed, "nobody is under this filter any more");
    return std::optional<ReportedCall>{};
  }
  Notification notification;
  std::memset(&notification, 0, sizeof notification);
  if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notification) != 0) {
    if (errno == ENOENT || errno == EINTR) return std::optional<ReportedCall>{};
    return Error::from_errno(errno, "ioctl SECCOMP_IOCTL_NOTIF_RECV");
  }
  const seccomp_notif& told = notification.told;
  ReportedCall call;
  call.id = told.id;
  call.pid = static_cast<pid_t>(told.pid);
  call.number = static_cast<std::uint32_t>(told.data.nr);
  call.arch = told.data.arch;
  for (std::size_t i = 0; i < call.arguments.size(); ++i) call.arguments.at(i) = told.data.args[i];
  return std::optional<ReportedCall>(call);
}

bool is_waiting(int listener, std::uint64_t id) {
  return ::ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

Result<void> refuse_reported_call(int listener, std::uint64_t id, int error) {
  if (error <= 0) return Error(ErrorKind::invalid, "a refusal needs an error");
  seccomp_notif_resp answer{};
  answer.id = id;
  answer.error = -error;
  if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) != 0)
    return Error::from_errno(errno, "ioctl SECCOMP_IOCTL_NOTIF_SEND");
  return {};
}

namespace {

constexpr int kTrialError = EBADFD;  // what getppid never says
constexpr milliseconds kTrialPatience{5000};

std::string trial_program() {
  constexpr sock_filter kProgram[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  return {reinterpret_cast<const char*>(kProgram), sizeof kProgram};
}

// Under its own filter, which asks nothing of the reader.
Result<void> report_and_refuse() {
  TRY(set_no_new_privileges());
  const UniqueFd listener = TRY(load_filter_with_listener(trial_program()));
  Process caller = TRY(
      fork_into(0, [] { return ::syscall(SYS_getppid) == -1 && errno == kTrialError ? 0 : 1; }));
  std::vector<Poll> polls = {{.fd = listener.get()}};
  if (!TRY(poll_fds(polls, kTrialPatience)))
    return Error(ErrorKind::unsupported, "a reported call did not arrive");
  const auto call = TRY(next_reported_call(listener.get()));
  if (!call || call->number != SYS_getppid)
    return Error(ErrorKind::unsupported, "another call arrived than the one that was made");
  TRY(refuse_reported_call(listener.get(), call->id, kTrialError));
  const auto exit = TRY(caller.reap(Process::Wait::yes));
  if (exit && !exit->signalled && exit->code == 0) return {};
  return Error(ErrorKind::unsupported, "the answer did not arrive");
}

}  // namespace

Result<void> try_call_reports() {
  auto told = TRY(make_pipe());
  Process trial = TRY(fork_into(0, [&] {
    auto done = report_and_refuse();
    if (!done) (void)write_all(told.writer.get(), done.error().message());
    return done ? 0 : 1;
  }));
  told.writer.reset();
  constexpr std::uint64_t kMostText = 1024;
  const std::string failed = TRY(read_all(told.reader.get(), kMostText));
  const auto exit = TRY(trial.reap(Process::Wait::yes));
  if (exit && !exit->signalled && exit->code == 0) return {};
  return Error(ErrorKind::unsupported, failed.empty() ? "the trial ended early" : failed);
}

}  // namespace glovebox::os
