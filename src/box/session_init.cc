#include "box/session_init.h"

#include <format>
#include <utility>

#include "box/namespaces.h"
#include "box/session_wire.h"
#include "box/setup.h"
#include "ipc/wire.h"
#include "os/file.h"
#include "os/identity.h"

namespace glovebox::box {

Result<std::string> root_key(const KnownPlan& known, const SessionPlaces& places) {
  const os::FileFacts workspace = TRY_CONTEXT(os::facts_of_path(places.workspace), "workspace");
  ipc::Writer writer;
  writer.number(workspace.device).number(workspace.inode).text(known.root());
  return writer.take();
}

Result<SessionInit> SessionInit::start(const BoxPlan& plan, const SessionPlaces& places) {
  auto pair = TRY(ipc::make_channel_pair());
  auto go = TRY(os::make_pipe());
  // The child is born dumpable, or nobody could write its id maps; it stops being so before it
  // makes a box.
  TRY(os::set_dumpable());
  auto child = os::fork_into(session_namespaces(plan), [&] {
    go.writer.reset();
    pair.first.close();
    return run_session_init(plan, places, std::move(pair.second), std::move(go.reader));
  });
  TRY(os::set_not_dumpable());
  SessionInit session(TRY(std::move(child)), std::move(pair.first));
  if (plan.layers.has(Layer::user_namespace)) {
    auto mapped = os::map_ids(session.process_.pid(), kSessionRoot, plan.ids.outside_uid,
                              plan.ids.outside_gid);
    if (!mapped) return Error(ErrorKind::denied, failure_text("map ids", mapped.error()));
  }
  TRY(os::write_all(go.writer.get(), "g"));
  return session;
}

Result<void> SessionInit::make_box(const MakeBox& request, const std::vector<int>& fds) const {
  return channel_.send(MakeBox::kType, request.encode(), fds);
}

void SessionInit::end_call(std::uint64_t number) const {
  (void)channel_.send(EndCall::kType, EndCall{number}.encode());
}

void SessionInit::take_census() const {
  (void)channel_.send(TakeCensus::kType, {});
}

Result<std::optional<SessionEvent>> SessionInit::receive() const {
  auto envelope = TRY(channel_.receive());
  if (!envelope) return std::optional<SessionEvent>{};
  SessionEvent event;
  switch (envelope->type) {
    case BoxMade::kType:
      event.kind = SessionEvent::Kind::made;
      event.number = TRY(BoxMade::decode(envelope->body)).number;
      if (envelope->fds.size() != 1) return Error(ErrorKind::protocol, "session: no pidfd");
      event.pidfd = std::move(envelope->fds.front());
      break;
    case BoxListens::kType:
      event.kind = SessionEvent::Kind::listens;
      event.number = TRY(BoxListens::decode(envelope->body)).number;
      if (envelope->fds.size() != 1) return Error(ErrorKind::protocol, "session: no listener");
      event.listener = std::move(envelope->fds.front());
      break;
    case NetworkMade::kType:
      event.kind = SessionEvent::Kind::network;
      event.network = TRY(NetworkMade::decode(envelope->body));
      event.sockets = std::move(envelope->fds);
      break;
    case BoxRefused::kType: {
      auto message = TRY(BoxRefused::decode(envelope->body));
      event.kind = SessionEvent::Kind::refused;
      event.number = message.number;
      event.why = std::move(message.why);
      break;
    }
    case Census::kType:
      event.kind = SessionEvent::Kind::counted;
      event.census = TRY(Census::decode(envelope->body));
      break;
    case BoxGone::kType: {
      const auto message = TRY(BoxGone::decode(envelope->body));
      event.left = message.left;
      event.kind = SessionEvent::Kind::gone;
      event.number = message.number;
      event.exit = message.exit;
      break;
    }
    case SessionRefused::kType:
      event.kind = SessionEvent::Kind::session_refused;
      event.why = TRY(SessionRefused::decode(envelope->body)).why;
      break;
    default:
      return Error(ErrorKind::protocol, "session: unknown message");
  }
  return std::optional<SessionEvent>(std::move(event));
}

}  // namespace glovebox::box
