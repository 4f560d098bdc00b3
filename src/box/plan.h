// A box as data: everything that will be done to make it, before anything is done.
//
// make_plan() is pure. It turns a profile of the policy and the facts of one call into a BoxPlan;
// setup.cc carries a plan out, step by step, and decides nothing. A plan prints as text
// (plan_text.h) and travels to the keeper process as bytes (plan_wire.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "box/guard_rules.h"
#include "box/host.h"
#include "box/layer.h"
#include "policy/policy.h"

namespace glovebox::box {

// The one id that exists in the box and the id outside that it stands for.
struct IdMap {
  std::uint32_t inside = 1000;
  std::uint32_t outside_uid = 0;
  std::uint32_t outside_gid = 0;
};

enum class MountKind : std::uint8_t {
  bind,        // `source`: absolute path on the host, as seen when the box is made
  device,      // the same for a device node, which stays one
  workspace,   // the session's folder
  inner_bind,  // `source`: a path of the box itself (/var/tmp is /tmp)
  tmpfs,
  proc,  // only processes, only the box's own
  devpts,
  directory,  // an empty folder in the root
  symlink,    // `source`: the target
  file,       // `source`: the whole text of a small read-only file
  mask,       // hides what is at `at`: an empty file or folder that nobody may open
};

enum class Access : std::uint8_t { read_only, read_write };
enum class Execution : std::uint8_t { forbidden, allowed };
enum class Presence : std::uint8_t { required, if_present };

struct MountEntry {
  MountKind kind = MountKind::directory;
  std::string at;  // path in the box
  std::string source;
  Access access = Access::read_only;
  Execution execution = Execution::forbidden;
  Presence presence = Presence::required;
  std::uint64_t size = 0;    // tmpfs: bytes
  std::uint64_t inodes = 0;  // tmpfs: number of files
  std::uint32_t mode = 0755;
  std::optional<FileIdentity> identity;
};

// Rights that a Landlock rule grants below a path of the box.
enum class FileRights : std::uint8_t {
  list,  // read_dir
  read,  // and read files
  read_execute,
  read_write,  // regular files, directories, symlinks; no sockets, fifos or devices
  read_write_execute,
  scratch,  // read_write and sockets and fifos: /tmp and /dev/shm
  scratch_execute,
  device,  // read and write an existing node
};

struct LandlockRule {
  std::string path;
  FileRights rights = FileRights::read;
};

enum class Enforced : std::uint8_t { walled, watched };

struct PlannedLimits {
  milliseconds wall{0};
  milliseconds cpu{0};
  std::uint32_t cores = 1;
  std::uint32_t processes = 0;
  std::uint32_t files = 0;
  std::uint64_t memory = 0;
  std::uint64_t disk = 0;
  std::uint64_t tmp = 0;
  std::uint64_t output = 0;
  Enforced memory_by = Enforced::watched;
  Enforced cpu_by = Enforced::watched;
  Enforced disk_by = Enforced::watched;
};

// How the tool runs once the walls stand.
enum class CommandKind : std::uint8_t {
  shell,     // bash with carried state; the command is the call's input
  program,   // argv as given (`glovebox exec -- …`)
  function,  // a file tool of ours, in this process
};

struct Command {
  CommandKind kind = CommandKind::function;
  std::vector<std::string> argv;
};

// What becomes of the processes that the call leaves behind.
enum class Background : std::uint8_t {
  kill,  // every namespace is the call's own and ends with it
  keep,  // the session's: pid, network, ipc, /tmp and /proc; they end with it (kept_calls.h)
};

// The box's way out: in its network namespace every address is local, and on these ports the egress
// role listens, through sockets that were made there and handed to it (box_network.h). It decides
// by rules of its own, never by anything that the box says of itself.
struct EgressPlan {
  std::vector<std::uint16_t> ports;  // TCP, ascending, at most policy::kMostEgressPorts; beside DNS
  std::string rules;                 // their digest, hexadecimal
  std::string trust;                 // host path of plan_trust.h's file; empty: none is needed
  bool operator==(const EgressPlan&) const = default;
};
struct BoxPlan {
  std::string tool;
  std::string profile;
  std::string rule;  // file:line of the deciding rule
  Rung rung = Rung::unprivileged;
  LayerSet layers = LayerSet::all();
  IdMap ids;
  std::string hostname = "box";
  std::vector<MountEntry> mounts;
  // What is looked for in the workspace when a call starts, and again when it has ended.
  std::vector<GuardRule> guards;
  std::vector<std::pair<std::string, std::string>> environment;
  std::string directory = "/workspace";
  // A path below it that the model gives to a file tool means the same path below /workspace.
  std::string host_workdir;
  std::vector<LandlockRule> landlock;
  int landlock_abi = 0;
  std::string filter_name;
  std::string filter;         // the proved program: 8 bytes an instruction
  std::string filter_digest;  // SHA-256 of `filter`, hexadecimal
  PlannedLimits limits;
  CgroupMode cgroups = CgroupMode::none;
  Background background = Background::kill;
  std::optional<EgressPlan> egress;  // none: loopback only
  Command command;
};

// A filter that was compiled and proved before any call came in.
struct Filter {
  std::string name;
  std::string program;
  std::string digest;
};

// What the plan needs to know about one path of the host. `kind` as stat tells it without
// following a last symlink. A path that leads over a symlink counts as one; `target` (only for
// symlinks) is what the link says, or the path without links where the link is not the last name.
struct PathFacts {
  enum class Kind : std::uint8_t { file, directory, symlink, device, other } kind = Kind::other;
  std::string target;
  FileIdentity identity;
};

// Looks at the host's file system, so that make_plan stays pure. nullopt: there is nothing.
class HostView {
 public:
  virtual ~HostView() = default;
  virtual std::optional<PathFacts> look(const std::string& path) const = 0;
};

struct CallFacts {
  std::string tool;  // bash, read, write, edit, glob, grep
  CommandKind kind = CommandKind::function;
  std::vector<std::string> argv;  // kind program
  std::string outputs;            // host path of the session's outputs folder; empty: none
  std::string host_workdir;       // where the workspace lies on the host
  std::string rule;
  IdMap ids;
  std::optional<EgressPlan> egress;          // of the profile; a file tool gets none
  std::optional<milliseconds> time_limit;    // asked by the call; never above the policy's
  std::vector<std::string> protected_paths;  // places of glovebox that no mount may show
};

// Errors: denied when the profile asks for what must not be (a mount that shows a protected
// path), not_found when a required source is missing, unsupported when the host lacks what the
// profile demands (a walled limit, a Landlock ABI, a root image).
Result<BoxPlan> make_plan(const policy::Profile& profile, const CallFacts& call,
                          const HostFacts& host, const HostView& view, const Filter& filter);

// Inside every box.
inline constexpr std::string_view kWorkspace = "/workspace";
inline constexpr std::string_view kOutputs = "/outputs";
// The root holds mount points and a handful of generated files, nothing else.
inline constexpr std::uint64_t kRootSize = 1 * kMiB;
inline constexpr std::uint64_t kRootInodes = 512;
inline constexpr std::uint64_t kSharedMemorySize = 64 * kMiB;
inline constexpr std::uint64_t kScratchInodes = 100'000;

}  // namespace glovebox::box
