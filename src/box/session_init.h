// The first process of a session's namespaces: it holds the root that the boxes of one plan have in
// common, made once, and forks a box for each call into namespaces of the call's own.
//
// A box starts from a copy of that root's mounts (which the kernel makes in one go), mounts its own
// /proc, /tmp, terminals and masks over it, and makes its own user namespace last, so that it has
// no right over anything that the session holds. Two plans may share a session's first process only
// when their roots are the same in every respect: see root_key().
//
// In keep mode it also holds what the calls of the session share: the pid, network and ipc
// namespaces, /proc, /tmp, /dev/shm and terminals, and the wall round signals and abstract sockets.
//
// It holds no secret and nothing of another session; guests never run in it. It dies with the
// keeper, and all its boxes with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "box/known_plan.h"
#include "box/plan.h"
#include "box/session_places.h"
#include "box/session_wire.h"
#include "ipc/channel.h"
#include "os/process.h"

namespace glovebox::box {

// What of a plan is made once for the session, as bytes, with which folder the workspace is right
// now. Equal keys: the same root serves both plans. Errors: the workspace is gone.
Result<std::string> root_key(const KnownPlan& known, const SessionPlaces& places);

// What the keeper learns. `session_refused` concerns every box that was asked for.
struct SessionEvent {
  enum class Kind : std::uint8_t {
    made,
    listens,
    network,
    refused,
    gone,
    counted,
    session_refused
  } kind = Kind::made;
  std::uint64_t number = 0;
  UniqueFd pidfd;       // made
  UniqueFd listener;    // listens
  NetworkMade network;  // network, and its sockets
  std::vector<UniqueFd> sockets;
  std::string why;         // refused, session_refused: `step: ERRNO`
  os::ExitFacts exit;      // gone
  std::uint32_t left = 0;  // gone: processes of the call that live on
  Census census;           // counted
};

// The keeper's side. Move-only; destruction kills the process, its boxes, and waits for their end.
class SessionInit {
 public:
  // Makes the process; that its walls stand is told by the first box it makes.
  // Errors: `clone3: …`, `map ids: …`.
  static Result<SessionInit> start(const BoxPlan& plan, const SessionPlaces& places);

  int fd() const { return channel_.fd(); }  // poll for reading
  // `number` in it names the box from now on; `fds` as box_fds.h orders them, stay the caller's.
  Result<void> make_box(const MakeBox& request, const std::vector<int>& fds) const;
  // In keep mode, see session_wire.h. A process that is gone is told by receive().
  void end_call(std::uint64_t number) const;
  void take_census() const;
  // Blocks for one message; nullopt: the process is gone, and its boxes with it.
  Result<std::optional<SessionEvent>> receive() const;

 private:
  SessionInit(os::Process process, ipc::Channel channel)
      : process_(std::move(process)), channel_(std::move(channel)) {}
  os::Process process_;
  ipc::Channel channel_;
};

// The body of the process, after clone3. `go` brings one byte once the ids are mapped. Returns the
// exit code.
int run_session_init(const BoxPlan& plan, const SessionPlaces& places, ipc::Channel keeper,
                     UniqueFd go);

}  // namespace glovebox::box
