#include "roles/log_space.h"

#include <vector>

#include "ipc/messages.h"
#include "os/file.h"
#include "os/process.h"

namespace glovebox::roles {

bool has_log_space(int folder) {
  const auto space = os::space_of(folder);
  return space && space->free_bytes >= kLeastLogSpace;
}

void wait_for_space(const ipc::Channel& supervisor, const std::function<bool()>& has_space,
                    const TakeUpdate& update, SpacePatience patience) {
  for (int looks = 0; looks < patience.least_looks || !has_space();) {
    std::vector<os::Poll> polls{{.fd = supervisor.fd()}};
    const auto ready = os::poll_fds(polls, patience.look);
    if (!ready) return;
    if (!polls.front().readable) {
      ++looks;
      continue;
    }
    auto event = receive_from_supervisor(supervisor);
    if (!event || event->kind == SupervisorEvent::Kind::stop ||
        event->kind == SupervisorEvent::Kind::gone)
      return;
    if (event->kind == SupervisorEvent::Kind::update) {
      update(*std::move(event));
      continue;
    }
    if (event->kind != SupervisorEvent::Kind::observe) continue;
    ipc::Observed answer;
    answer.ticket = event->question.ticket;
    answer.numbers = "{}";
    answer.problem = "the disk of the audit log is full";
    (void)supervisor.send(ipc::Observed::kType, answer.encode());
  }
}

}  // namespace glovebox::roles
