#include "roles/control_server.h"

#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "os/file.h"
#include "os/inet.h"
#include "os/local_listener.h"

namespace glovebox::roles {

namespace {

constexpr std::size_t kMaxRequest = ipc::kMaxControlSubject + 64;

void turn_away(const ipc::Channel& channel, std::string_view why) {
  // What it has said is taken first: closed with that unread, its socket would tell an error
  // instead of the answer.
  (void)channel.receive_small(kMaxRequest);
  const ipc::ControlAnswer answer{std::string(why), "{}"};
  (void)channel.send_now(ipc::ControlAnswer::kType, answer.encode());
}

}  // namespace

Result<ControlServer> ControlServer::open(const std::string& folder) {
  UniqueFd opened = TRY_CONTEXT(os::open_path(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), folder);
  UniqueFd listener =
      TRY_CONTEXT(os::listen_local(opened.get(), kControlName, os::LocalKind::message),
                  folder + "/" + kControlName);
  return ControlServer(std::move(opened), std::move(listener));
}

ControlServer::~ControlServer() {
  if (listener_.valid()) (void)os::remove_file(folder_.get(), kControlName);
}

std::vector<int> ControlServer::fds() const {
  std::vector<int> fds = {listener_.get()};
  for (const auto& [number, client] : clients_)
    if (!client.asked) fds.push_back(client.channel.fd());
  return fds;
}

// Whoever came first and has said nothing goes. False: all of them wait for an answer.
bool ControlServer::make_place() {
  if (clients_.size() < kMaxControlClients) return true;
  const auto silent =
      std::ranges::find_if(clients_, [](const auto& entry) { return !entry.second.asked; });
  if (silent == clients_.end()) return false;
  clients_.erase(silent);
  return true;
}

void ControlServer::accept(const MayAsk& may_ask) {
  for (std::size_t taken = 0; taken < kMaxAcceptedAtOnce; ++taken) {
    auto accepted = os::accept_tcp(listener_.get());
    if (!accepted || !*accepted) return;
    ipc::Channel channel(*std::move(*accepted));
    const auto who = os::peer_of(channel.fd());
    if (!who) continue;
    if (!may_ask(*who))
      turn_away(channel, "only root and the user that glovebox runs as may ask");
    else if (!make_place())
      turn_away(channel, "too many requests wait already");
    else
      clients_.emplace(next_++, Client{std::move(channel), *who});
  }
}

std::vector<ControlServer::Asked> ControlServer::attend(const MayAsk& may_ask) {
  accept(may_ask);
  std::vector<Asked> asked;
  for (auto at = clients_.begin(); at != clients_.end();) {
    auto& [number, client] = *at;
    if (client.asked) {
      ++at;
      continue;
    }
    const auto envelope = client.channel.receive_small(kMaxRequest);
    if (!envelope && envelope.error().kind() == ErrorKind::timeout) {
      ++at;
      continue;
    }
    const bool fits = envelope && *envelope &&
                      ipc::accepts(ipc::Connection::supervisor_of_operator, (*envelope)->type);
    auto request = fits ? ipc::ControlRequest::decode((*envelope)->body)
                        : Result<ipc::ControlRequest>(Error(ErrorKind::protocol, "no request"));
    if (!request) {
      at = clients_.erase(at);
      continue;
    }
    client.asked = true;
    asked.push_back({number, client.who, *std::move(request)});
    ++at;
  }
  return asked;
}

void ControlServer::answer(std::uint64_t number, const ipc::ControlAnswer& answer) {
  const auto client = clients_.extract(number);
  if (client.empty()) return;
  (void)client.mapped().channel.send_now(ipc::ControlAnswer::kType, answer.encode());
}

}  // namespace glovebox::roles
