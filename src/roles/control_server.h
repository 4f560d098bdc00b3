// The control socket: `control` in the state folder's run/, where the operator asks for things.
//
// 0600, for the supervisor's own user and root (SO_PEERCRED); processes that the supervisor started
// are not among them, though an ordinary user's have its id. One small request a connection, one
// answer, and it is closed. Nothing here waits: a client that says nothing is put out when its
// place is wanted, one that does not read its answer loses it, one that says anything else is cut
// off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "ipc/policy_messages.h"
#include "os/socket.h"

namespace glovebox::roles {

inline constexpr const char* kControlName = "control";
constexpr std::size_t kMaxControlClients = 8;
constexpr std::size_t kMaxAcceptedAtOnce = 16;

// Whether this peer may ask for anything.
using MayAsk = std::function<bool(const os::PeerFacts&)>;

class ControlServer {
 public:
  // `folder`: run/. Errors: exists (another process serves there), those of the kernel.
  static Result<ControlServer> open(const std::string& folder);
  ControlServer(ControlServer&&) = default;
  ControlServer& operator=(ControlServer&&) = delete;
  // Takes the name away.
  ~ControlServer();

  // Readable when attend() has something to do.
  std::vector<int> fds() const;

  struct Asked {
    std::uint64_t client = 0;
    os::PeerFacts who;
    ipc::ControlRequest request;
  };
  // What was asked since; each is to be answered once.
  std::vector<Asked> attend(const MayAsk& may_ask);
  // One who is gone is passed over.
  void answer(std::uint64_t client, const ipc::ControlAnswer& answer);

 private:
  struct Client {
    ipc::Channel channel;
    os::PeerFacts who;
    bool asked = false;
  };
  ControlServer(UniqueFd folder, UniqueFd listener)
      : folder_(std::move(folder)), listener_(std::move(listener)) {}
  void accept(const MayAsk& may_ask);
  bool make_place();

  UniqueFd folder_, listener_;
  std::map<std::uint64_t, Client> clients_;  // by when they came
  std::uint64_t next_ = 1;
};

}  // namespace glovebox::roles
