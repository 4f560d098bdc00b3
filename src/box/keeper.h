// The keeper: one process for each open session, which makes and watches the session's boxes.
//
// The boxer starts it from glovebox's own executable, so its memory is fresh: no process of a box
// ever held another session's bytes. It takes plans (which the boxer decided on) and inputs, makes
// one box for each call, watches the limits, collects the output, shapes the answer as the model
// sees it, and reports. It decides nothing about policy and holds no secret.
//
// When the keeper ends, so do its boxes (PDEATHSIG, and the end of their pid namespaces); when the
// boxer ends, so does the keeper (PDEATHSIG, and the end of the channel).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "base/units.h"
#include "box/cgroup.h"
#include "box/guard_report.h"
#include "box/host.h"
#include "box/known_plan.h"
#include "box/outcome.h"
#include "box/refusal.h"
#include "box/session_places.h"
#include "box/session_wire.h"
#include "ipc/channel.h"
#include "os/process.h"

namespace glovebox::box {

// argv[0] of the keeper process; main calls run_keeper() for it.
inline constexpr std::string_view kKeeperName = "glovebox: keeper";
// The channel to the boxer in the keeper process.
inline constexpr int kKeeperFd = 3;
// Boxes of one session at the same time.
inline constexpr std::size_t kMaxBoxes = 4;

// Calls of one session that have ended and left something running.
inline constexpr std::size_t kMostLeftRunning = 64;

// What is made before a call asks for it.
enum class Ahead : std::uint8_t { none, boxes };

struct KeeperLaunch {
  int executable = -1;  // glovebox itself, readable (os::open_own_executable)
  std::string session;  // for messages only
  SessionPlaces places;
  int store_fd = -1;  // the session's folder below sessions/; stays the caller's
  HostFacts host;
  GroupPlaces cgroup;  // made for this session (cgroup.h); none: no group
  Ahead ahead = Ahead::none;
  std::string filter;  // the proved program of role-keeper: compiling it takes longer than a call
};

struct RunRequest {
  std::uint64_t ticket = 0;  // chosen by the caller, names the call from now on
  PlanPtr plan;
  std::string input;                     // function, shell: the tool's input, JSON; program: unused
  std::array<int, 3> stdio{-1, -1, -1};  // program only; stay the caller's
};

enum class StopReason : std::uint8_t { cancelled, shutting_down };

struct RunReport {
  std::uint64_t ticket = 0;
  Verdict verdict;
  Usage usage;
  bool is_error = false;
  std::string content;      // JSON array of content blocks; empty for a program
  std::string output_file;  // name below /outputs that holds a cut output whole; empty: none
  BoxStart start = BoxStart::with_its_call;  // or `waiting`
  std::uint32_t background = 0;              // processes of the call that live on, in keep mode
  GuardReport guard{};                       // what was made under guarded names, and taken away
};

struct KeeperEvent {
  enum class Kind : std::uint8_t {
    refused,   // system calls of guests: before the `done` of the call that they belong to
    network,   // a network with a way out was made; what works in it starts later
    closed,    // nothing runs in a network any more
    started,   // the walls stand and the tool runs
    answered,  // its answer, while it is being ended; `done` follows and may say otherwise
    done,
  } kind = Kind::started;
  std::uint64_t ticket = 0;
  RunReport report;               // answered, done
  std::vector<Refusal> refusals;  // refused
  std::uint64_t network = 0;      // network, closed; started: of the box, 0 for loopback only
  bool shared = false;            // network: by the calls of the session
  std::string profile;            // network
  EgressPlan egress;              // network
  std::vector<UniqueFd> sockets;  // network: box_network.h
};

// What is told when the session ends.
struct KeeperParting {
  std::uint32_t background = 0;   // processes that earlier calls had left running (keep mode)
  std::vector<Refusal> refusals;  // that had not been told
};

// The boxer's side. Move-only; destruction ends the keeper and with it every box of the session. It
// may take kPartingTime to save what the last call left and to see the boxes gone.
class Keeper {
 public:
  static constexpr milliseconds kPartingTime{2000};

  Keeper(Keeper&&) = default;
  Keeper& operator=(Keeper&&) = default;
  ~Keeper();

  // Errors: of the spawn. Anything later is told by receive().
  static Result<Keeper> start(const KeeperLaunch& launch);

  int fd() const { return channel_.fd(); }  // poll for reading
  // A call of this plan may come: a box is made for it, if that can be. Error: closed.
  Result<void> prepare(const PlanPtr& plan);
  // Errors: closed (the keeper is gone). At most kMaxBoxes at once, more are answered with
  // Outcome::setup_failed.
  Result<void> run(const RunRequest& request);
  // The call ends with a report as soon as its processes are gone. An unknown ticket is ignored.
  Result<void> stop(std::uint64_t ticket, StopReason reason);
  // Ends the keeper and every process of the session as destruction does. The result of what still
  // runs is never reported.
  KeeperParting end();
  // Blocks for one message; nullopt: the keeper is gone, every call of it is interrupted.
  Result<std::optional<KeeperEvent>> receive();

 private:
  Keeper(os::Process process, ipc::Channel channel)
      : process_(std::move(process)), channel_(std::move(channel)) {}
  os::Process process_;
  ipc::Channel channel_;
};

// The body of the keeper process. Never returns; exit code 0 when the boxer closed the channel,
// 70 when something broke.
[[noreturn]] void run_keeper(UniqueFd channel);

}  // namespace glovebox::box
