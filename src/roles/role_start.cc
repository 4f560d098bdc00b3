#include "roles/role_start.h"

#include <utility>

#include "base/units.h"
#include "ipc/messages.h"
#include "os/memfd.h"
#include "os/process.h"

namespace glovebox::roles {

namespace {

using codec::Json;
using codec::JsonArray;

constexpr std::uint64_t kMaxSecret = 64 * kKiB;

Error broken(std::string_view what) {
  return Error(ErrorKind::protocol, "start: " + std::string(what));
}

Result<ipc::Envelope> expect(const ipc::Channel& channel, std::uint16_t type) {
  auto envelope = TRY(channel.receive());
  if (!envelope) return Error(ErrorKind::closed, "the supervisor is gone");
  if (envelope->type != type) return broken("unexpected message");
  return std::move(*envelope);
}

Result<std::vector<std::string>> names_of(const Json& document, std::string_view key) {
  std::vector<std::string> names;
  const JsonArray* list = document.get_array(key);
  if (list == nullptr) return broken(key);
  for (const Json& name : *list) {
    if (name.as_string() == nullptr) return broken(key);
    names.push_back(*name.as_string());
  }
  return names;
}

Result<std::pair<std::string, ipc::Channel>> peer_of(ipc::Envelope&& envelope) {
  auto peer = TRY(ipc::Peer::decode(envelope.body));
  if (envelope.fds.size() != 1) return broken("a peer without its connection");
  return std::pair(std::move(peer.name), ipc::Channel(std::move(envelope.fds.front())));
}

// Names in the document, bytes in memory files beside it.
struct Wrapped {
  JsonArray names;
  std::vector<UniqueFd> files;
  std::vector<int> fds;
};
Result<Wrapped> wrap(const SecretList& secrets) {
  Wrapped wrapped;
  for (const auto& [name, secret] : secrets) {
    wrapped.names.emplace_back(name);
    wrapped.files.push_back(TRY(os::sealed_memfd("secret", secret->reveal())));
    wrapped.fds.push_back(wrapped.files.back().get());
  }
  return wrapped;
}

Result<std::map<std::string, Secret>> unwrap(const Json& document,
                                             const std::vector<UniqueFd>& files) {
  const auto names = TRY(names_of(document, "secrets"));
  if (names.size() != files.size()) return broken("secrets");
  std::map<std::string, Secret> secrets;
  for (std::size_t i = 0; i < names.size(); ++i)
    secrets.emplace(names[i], Secret::take(TRY(os::read_sealed_memfd(files[i].get(), kMaxSecret))));
  return secrets;
}

Result<SupervisorEvent> update_of(const ipc::Envelope& envelope) {
  SupervisorEvent event;
  event.kind = SupervisorEvent::Kind::update;
  const auto message = TRY(ipc::Update::decode(envelope.body));
  const Json document = TRY_CONTEXT(codec::parse_json(message.configuration), "update");
  if (document.get("settings") == nullptr) return broken("update");
  event.settings = *document.get("settings");
  event.secrets = TRY(unwrap(document, envelope.fds));
  return event;
}

template <class E>
Result<E> choice_of(const Json& document, std::string_view key, E last) {
  const auto value = document.get_int(key);
  if (!value || *value < 0 || *value > static_cast<std::int64_t>(last)) return broken(key);
  return static_cast<E>(*value);
}

}  // namespace

Result<RoleStart> receive_start(Role role, UniqueFd channel) {
  RoleStart start;
  start.role = role;
  start.supervisor = ipc::Channel(std::move(channel));
  // A signal to the whole process group (a Ctrl-C, timeout(1)) is for the supervisor alone.
  TRY(os::new_session());
  ipc::Envelope envelope = TRY(expect(start.supervisor, ipc::Start::kType));
  const auto message = TRY(ipc::Start::decode(envelope.body));
  Json document = TRY_CONTEXT(codec::parse_json(message.configuration), "start");
  const auto root = document.get_bool("root");
  const auto rung = document.get_int("rung");
  if (!root || !rung || *rung < 1 || *rung > 3 || document.get("settings") == nullptr)
    return broken("configuration");
  start.started = *root ? StartedAs::root : StartedAs::user;
  start.rung = static_cast<box::Rung>(*rung);
  start.settings = *document.get("settings");
  start.log_level = TRY(choice_of(document, "log_level", LogLevel::error));
  start.log_format = TRY(choice_of(document, "log_format", LogFormat::json));
  start.secrets = TRY(unwrap(document, envelope.fds));
  for (std::size_t left = TRY(names_of(document, "peers")).size(); left > 0; --left) {
    start.peers.insert(TRY(peer_of(TRY(expect(start.supervisor, ipc::Peer::kType)))));
  }
  return start;
}

Result<void> send_start(const ipc::Channel& channel, const StartOrder& order) {
  Wrapped wrapped = TRY(wrap(order.secrets));
  JsonArray peers;
  for (const auto& [name, fd] : order.peers) peers.emplace_back(name);
  const Json document = Json::object({{"root", order.started == StartedAs::root},
                                      {"rung", static_cast<int>(order.rung)},
                                      {"log_level", static_cast<int>(order.log_level)},
                                      {"log_format", static_cast<int>(order.log_format)},
                                      {"settings", order.settings},
                                      {"secrets", std::move(wrapped.names)},
                                      {"peers", std::move(peers)}});
  TRY(channel.send(ipc::Start::kType, ipc::Start{codec::to_json(document)}.encode(), wrapped.fds));
  for (const auto& [name, fd] : order.peers) TRY(send_peer(channel, name, fd));
  return {};
}

Result<void> send_update(const ipc::Channel& channel, const Json& settings,
                         const SecretList& secrets) {
  Wrapped wrapped = TRY(wrap(secrets));
  const Json document =
      Json::object({{"settings", settings}, {"secrets", std::move(wrapped.names)}});
  return channel.send(ipc::Update::kType, ipc::Update{codec::to_json(document)}.encode(),
                      wrapped.fds);
}

Result<void> send_peer(const ipc::Channel& channel, std::string_view name, int fd) {
  return channel.send(ipc::Peer::kType, ipc::Peer{std::string(name)}.encode(), {fd});
}

Result<void> send_ready(const ipc::Channel& supervisor) {
  return supervisor.send(ipc::Ready::kType, ipc::Ready{}.encode());
}

void send_fatal(const ipc::Channel& supervisor, ExitCode code, std::string_view message) {
  ipc::Fatal fatal;
  fatal.exit_code = static_cast<std::uint8_t>(code);
  fatal.message = std::string(message);
  // Nobody is left to tell if this fails; the supervisor sees the end of the process.
  (void)supervisor.send(ipc::Fatal::kType, fatal.encode());
}

ExitCode exit_code_for(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::unsupported:
      return ExitCode::host_lacks;
    case ErrorKind::invalid:
    case ErrorKind::denied:
    case ErrorKind::not_found:
      return ExitCode::unconfigured;
    default:
      return ExitCode::bug;
  }
}

ExitCode exit_code_of_log(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::conflict:
      return ExitCode::corrupt_log;
    case ErrorKind::exists:  // another process that writes this log
      return ExitCode::busy;
    case ErrorKind::io:
    case ErrorKind::limit:
      return ExitCode::log_failed;
    default:
      return exit_code_for(error);
  }
}

Result<SupervisorEvent> receive_from_supervisor(const ipc::Channel& supervisor) {
  auto envelope = TRY(supervisor.receive());
  SupervisorEvent event;
  if (!envelope) return event;
  if (!ipc::accepts(ipc::Connection::role_of_supervisor, envelope->type))
    return broken("unexpected message");
  switch (envelope->type) {
    case ipc::Stop::kType:
      TRY(ipc::Stop::decode(envelope->body));
      event.kind = SupervisorEvent::Kind::stop;
      return event;
    case ipc::Update::kType:
      return update_of(*envelope);
    case ipc::Observe::kType:
      event.kind = SupervisorEvent::Kind::observe;
      event.question = TRY(ipc::Observe::decode(envelope->body));
      return event;
    case ipc::Observed::kType:
      event.kind = SupervisorEvent::Kind::observed;
      event.answer = TRY(ipc::Observed::decode(envelope->body));
      return event;
    case ipc::PolicyOrder::kType:
      event.kind = SupervisorEvent::Kind::policy;
      event.order = TRY(ipc::PolicyOrder::decode(envelope->body));
      return event;
    case ipc::Peer::kType:
      break;
    default:
      return broken("unexpected message");
  }
  auto [name, channel] = TRY(peer_of(std::move(*envelope)));
  event.kind = SupervisorEvent::Kind::peer;
  event.name = std::move(name);
  event.channel = std::move(channel);
  return event;
}

}  // namespace glovebox::roles
