#include "box/keeper.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "box/keeper_wire.h"
#include "os/socket.h"

namespace glovebox::box {

Result<Keeper> Keeper::start(const KeeperLaunch& launch) {
  if (launch.filter.empty()) return Error(ErrorKind::invalid, "keeper: no filter");
  auto pair = TRY(ipc::make_channel_pair());
  os::SpawnRequest request;
  request.executable = launch.executable;
  request.arguments = {std::string(kKeeperName)};
  request.fds = {{pair.second.fd(), kKeeperFd}};
  Keeper keeper(TRY_CONTEXT(os::spawn(request), "keeper"), std::move(pair.first));
  KeeperStart start;
  start.session = launch.session;
  start.places = launch.places;
  start.cgroup = launch.cgroup;
  start.filter = launch.filter;
  start.ahead = launch.ahead;
  TRY(keeper.channel_.send(KeeperStart::kType, start.encode(), {launch.store_fd}));
  return keeper;
}

Keeper::~Keeper() {
  channel_.close();
  process_.end_after(kPartingTime);
}

KeeperParting Keeper::end() {
  KeeperParting parting;
  os::stop_sending(channel_.fd());
  std::vector<os::Poll> polls = {{.fd = channel_.fd()}};
  while (os::poll_fds(polls, kPartingTime).value_or(false)) {
    auto envelope = channel_.receive();
    if (!envelope || !*envelope) break;
    if ((*envelope)->type == CallsRefused::kType) {
      auto told = CallsRefused::decode((*envelope)->body);
      if (told) std::ranges::move(told->refusals, std::back_inserter(parting.refusals));
    }
    if ((*envelope)->type != KeeperEnded::kType) continue;
    if (const auto last = KeeperEnded::decode((*envelope)->body))
      parting.background = last->background;
    break;
  }
  channel_.close();
  process_.end_after(kPartingTime);
  return parting;
}

Result<void> Keeper::prepare(const PlanPtr& plan) {
  return channel_.send(PrepareBox::kType, PrepareBox{plan->bytes()}.encode());
}

Result<void> Keeper::run(const RunRequest& request) {
  RunBox message;
  message.ticket = request.ticket;
  message.plan = request.plan->bytes();
  message.input = request.input;
  std::vector<int> fds;
  if (request.plan->plan().command.kind == CommandKind::program)
    fds.assign(request.stdio.begin(), request.stdio.end());
  return channel_.send(RunBox::kType, message.encode(), fds);
}

Result<void> Keeper::stop(std::uint64_t ticket, StopReason reason) {
  StopBox message;
  message.ticket = ticket;
  message.reason = reason;
  return channel_.send(StopBox::kType, message.encode());
}

Result<std::optional<KeeperEvent>> Keeper::receive() {
  auto envelope = TRY(channel_.receive());
  if (!envelope) return std::optional<KeeperEvent>{};
  KeeperEvent event;
  switch (envelope->type) {
    case BoxStarted::kType: {
      const auto message = TRY(BoxStarted::decode(envelope->body));
      event.kind = KeeperEvent::Kind::started;
      event.ticket = message.ticket;
      event.network = message.network;
      return std::optional<KeeperEvent>(std::move(event));
    }
    case NetworkOpened::kType: {
      auto message = TRY(NetworkOpened::decode(envelope->body));
      event.kind = KeeperEvent::Kind::network;
      event.network = message.network;
      event.shared = message.shared;
      event.profile = std::move(message.profile);
      event.egress = std::move(message.egress);
      event.sockets = std::move(envelope->fds);
      return std::optional<KeeperEvent>(std::move(event));
    }
    case NetworkClosed::kType:
      event.kind = KeeperEvent::Kind::closed;
      event.network = TRY(NetworkClosed::decode(envelope->body)).network;
      return std::optional<KeeperEvent>(std::move(event));
    case BoxAnswered::kType:
      event.kind = KeeperEvent::Kind::answered;
      event.report = TRY(BoxAnswered::decode(envelope->body)).report;
      event.ticket = event.report.ticket;
      return std::optional<KeeperEvent>(std::move(event));
    case CallsRefused::kType:
      event.kind = KeeperEvent::Kind::refused;
      event.refusals = TRY(CallsRefused::decode(envelope->body)).refusals;
      return std::optional<KeeperEvent>(std::move(event));
    case BoxDone::kType:
      event.kind = KeeperEvent::Kind::done;
      event.report = TRY(BoxDone::decode(envelope->body)).report;
      event.ticket = event.report.ticket;
      return std::optional<KeeperEvent>(std::move(event));
    default:
      return Error(ErrorKind::protocol, "keeper: unknown message");
  }
}

}  // namespace glovebox::box
