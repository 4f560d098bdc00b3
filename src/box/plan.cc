#include "box/plan.h"

#include <algorithm>
#include <format>
#include <string>
#include <utility>

#include "box/box_network.h"
#include "box/plan_guards.h"
#include "box/plan_trust.h"
#include "policy/normal_path.h"
#include "policy/system_places.h"

namespace glovebox::box {

namespace {

using policy::MountMode;

constexpr std::string_view kNsswitch =
    "passwd: files\ngroup: files\nhosts: files dns\nnetworks: files\nprotocols: files\n"
    "services: files\n";

MountEntry bind(std::string_view path) {
  MountEntry entry;
  entry.kind = MountKind::bind;
  entry.at = path;
  entry.source = path;
  entry.execution = Execution::allowed;
  return entry;
}

MountEntry folder(std::string_view path, std::uint32_t mode) {
  MountEntry entry;
  entry.at = path;
  entry.mode = mode;
  return entry;
}

MountEntry text_file(std::string_view path, std::string text) {
  MountEntry entry;
  entry.kind = MountKind::file;
  entry.at = path;
  entry.source = std::move(text);
  entry.mode = 0444;
  return entry;
}

MountEntry link(std::string_view path, std::string_view target) {
  MountEntry entry;
  entry.kind = MountKind::symlink;
  entry.at = path;
  entry.source = target;
  return entry;
}

MountEntry scratch(std::string_view path, std::uint64_t size, Execution execution) {
  MountEntry entry;
  entry.kind = MountKind::tmpfs;
  entry.at = path;
  entry.access = Access::read_write;
  entry.execution = execution;
  entry.size = size;
  entry.inodes = kScratchInodes;
  entry.mode = 01777;
  return entry;
}

void add_path(BoxPlan& plan, const HostView& view, std::string_view path) {
  const auto facts = view.look(std::string(path));
  if (!facts) return;
  if (facts->kind == PathFacts::Kind::symlink) {
    plan.mounts.push_back(link(path, facts->target));
  } else {
    MountEntry entry = bind(path);
    entry.identity = facts->identity;
    plan.mounts.push_back(entry);
  }
}

void add_host_root(BoxPlan& plan, const HostView& view) {
  for (std::string_view path : policy::kSystemFolders) {
    add_path(plan, view, path);
    // A link (/bin on a merged system) leads to a folder that has a rule of its own.
    const auto facts = view.look(std::string(path));
    if (facts && facts->kind == PathFacts::Kind::directory)
      plan.landlock.push_back({std::string(path), FileRights::read_execute});
  }
  for (std::string_view path : policy::kSystemConfiguration) add_path(plan, view, path);
}

void add_identity_files(BoxPlan& plan) {
  const bool root = plan.ids.inside == 0;
  const std::string agent =
      root ? "root:x:0:0:root:/workspace:/bin/bash\n"
           : std::format(
                 "root:x:0:0:root:/root:/usr/sbin/nologin\nagent:x:{}:{}:agent:"
                 "/workspace:/bin/bash\n",
                 plan.ids.inside, plan.ids.inside);
  const std::string group =
      root ? "root:x:0:\n" : std::format("root:x:0:\nagent:x:{}:\n", plan.ids.inside);
  plan.mounts.push_back(text_file(
      "/etc/passwd", agent + "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"));
  plan.mounts.push_back(text_file("/etc/group", group + "nogroup:x:65534:\n"));
  plan.mounts.push_back(text_file("/etc/hostname", plan.hostname + "\n"));
  // With a domain, so that git finds an address to commit with where none is configured.
  plan.mounts.push_back(text_file(
      "/etc/hosts", std::format("127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {0}.localhost {0}\n",
                                plan.hostname)));
  plan.mounts.push_back(text_file("/etc/nsswitch.conf", std::string(kNsswitch)));
  plan.mounts.push_back(text_file(
      "/etc/resolv.conf",
      plan.egress ? std::format("# the egress role answers, whatever the address\nnameserver {}\n",
                                kNameServer)
                  : std::string("# no name server: this box has no network\n")));
  plan.mounts.push_back(text_file("/etc/machine-id", std::string(32, '0') + "\n"));
  plan.landlock.push_back({"/etc", FileRights::read});
}

void add_devices(BoxPlan& plan, const HostView& view) {
  plan.mounts.push_back(folder("/dev", 0755));
  for (std::string_view device : policy::kSystemDevices) {
    const auto facts = view.look(std::string(device));
    if (!facts || facts->kind != PathFacts::Kind::device) continue;
    MountEntry entry = bind(device);
    entry.kind = MountKind::device;
    entry.identity = facts->identity;
    entry.access = Access::read_write;
    entry.execution = Execution::forbidden;
    plan.mounts.push_back(entry);
    plan.landlock.push_back({std::string(device), FileRights::device});
  }
  plan.mounts.push_back(link("/dev/fd", "/proc/self/fd"));
  plan.mounts.push_back(link("/dev/stdin", "/proc/self/fd/0"));
  plan.mounts.push_back(link("/dev/stdout", "/proc/self/fd/1"));
  plan.mounts.push_back(link("/dev/stderr", "/proc/self/fd/2"));
  MountEntry terminals;
  terminals.kind = MountKind::devpts;
  terminals.at = "/dev/pts";
  terminals.access = Access::read_write;
  plan.mounts.push_back(terminals);
  plan.mounts.push_back(link("/dev/ptmx", "pts/ptmx"));
  plan.mounts.push_back(
      scratch("/dev/shm", std::min(kSharedMemorySize, plan.limits.tmp), Execution::forbidden));
  plan.landlock.push_back({"/dev/pts", FileRights::device});
  plan.landlock.push_back({"/dev/shm", FileRights::scratch});
}

void add_proc(BoxPlan& plan) {
  MountEntry proc;
  proc.kind = MountKind::proc;
  proc.at = "/proc";
  proc.access = Access::read_write;  // /proc/self/oom_score_adj and the like; subset=pid
  plan.mounts.push_back(proc);
  plan.landlock.push_back({"/proc", FileRights::read_write});
}

FileRights rights_of(Access access, Execution execution) {
  if (access == Access::read_only)
    return execution == Execution::allowed ? FileRights::read_execute : FileRights::read;
  return execution == Execution::allowed ? FileRights::read_write_execute : FileRights::read_write;
}

Execution execution_of(policy::Exec exec) {
  return exec == policy::Exec::yes ? Execution::allowed : Execution::forbidden;
}

FileRights scratch_rights(policy::Exec exec) {
  return exec == policy::Exec::yes ? FileRights::scratch_execute : FileRights::scratch;
}

void add_workspace(BoxPlan& plan, const policy::Mount& mount) {
  MountEntry entry;
  entry.kind = MountKind::workspace;
  entry.at = kWorkspace;
  entry.access = mount.mode == MountMode::read_write ? Access::read_write : Access::read_only;
  entry.execution = execution_of(mount.exec);
  plan.mounts.push_back(entry);
  plan.landlock.push_back({entry.at, rights_of(entry.access, entry.execution)});
}

void add_tmp(BoxPlan& plan, const policy::Mount& mount) {
  const std::uint64_t size = mount.size ? mount.size->bytes() : plan.limits.tmp;
  plan.mounts.push_back(scratch("/tmp", size, execution_of(mount.exec)));
  plan.mounts.push_back(folder("/var", 0755));
  MountEntry same;
  same.kind = MountKind::inner_bind;
  same.at = "/var/tmp";
  same.source = "/tmp";
  plan.mounts.push_back(same);
  const FileRights rights = scratch_rights(mount.exec);
  plan.landlock.push_back({"/tmp", rights});
  plan.landlock.push_back({"/var/tmp", rights});
}

std::string place(const policy::Origin& origin) {
  return std::format("{}:{}", origin.file, origin.line);
}

Result<void> refuse_protected(const policy::Mount& mount, const std::string& source,
                              const CallFacts& call) {
  for (const std::string& path : call.protected_paths) {
    if (policy::is_below(path, source) || policy::is_below(source, path)) {
      return Error(ErrorKind::denied,
                   std::format("{}: mount of {} would show {}, which belongs to glovebox",
                               place(mount.origin), source, path));
    }
  }
  return {};
}

Result<void> add_bind(BoxPlan& plan, const policy::Mount& mount, const CallFacts& call,
                      const HostView& view) {
  const std::string source = mount.from.value_or(mount.at);
  TRY(refuse_protected(mount, source, call));
  const auto facts = view.look(source);
  if (!facts) {
    return Error(ErrorKind::not_found,
                 std::format("{}: mount source {} does not exist", place(mount.origin), source));
  }
  if (facts->kind == PathFacts::Kind::symlink) {
    return Error(ErrorKind::denied, std::format("{}: mount source {} is reached by a symbolic "
                                                "link; name its target {}",
                                                place(mount.origin), source, facts->target));
  }
  MountEntry entry;
  entry.kind = MountKind::bind;
  entry.at = mount.at;
  entry.source = source;
  entry.access = mount.mode == MountMode::read_write ? Access::read_write : Access::read_only;
  entry.execution = execution_of(mount.exec);
  entry.identity = facts->identity;
  plan.mounts.push_back(entry);
  plan.landlock.push_back({entry.at, rights_of(entry.access, entry.execution)});
  return {};
}

Result<void> add_policy_mount(BoxPlan& plan, const policy::Mount& mount, const CallFacts& call,
                              const HostView& view) {
  if (is_guard(mount)) return {};  // add_guards()
  if (mount.at == "@workspace") {
    add_workspace(plan, mount);
    return {};
  }
  if (mount.at == "@tmp") {
    add_tmp(plan, mount);
    return {};
  }
  const std::string at = mount.at.starts_with("@workspace/")
                             ? std::string(kWorkspace) + mount.at.substr(10)
                             : mount.at;
  switch (mount.mode) {
    case MountMode::hide:
      return {};  // add_hidden(), when all mounts are known
    case MountMode::tmpfs: {
      plan.mounts.push_back(scratch(at, mount.size ? mount.size->bytes() : plan.limits.tmp,
                                    execution_of(mount.exec)));
      plan.landlock.push_back({at, scratch_rights(mount.exec)});
      return {};
    }
    case MountMode::read_only:
    case MountMode::read_write:
      return add_bind(plan, mount, call, view);
  }
  return Error(ErrorKind::internal, "unknown mount mode");
}

// Deeper mount points come after the ones that they lie in; masks come last of all.
void order_mounts(std::vector<MountEntry>& mounts) {
  const auto depth = [](const MountEntry& entry) {
    return std::count(entry.at.begin(), entry.at.end(), '/');
  };
  std::stable_sort(mounts.begin(), mounts.end(), [&](const MountEntry& a, const MountEntry& b) {
    const bool a_mask = a.kind == MountKind::mask;
    const bool b_mask = b.kind == MountKind::mask;
    if (a_mask != b_mask) return b_mask;
    return depth(a) < depth(b);
  });
}

Result<PlannedLimits> plan_limits(const policy::Limits& limits, const CallFacts& call,
                                  const HostFacts& host) {
  PlannedLimits planned;
  planned.wall = limits.wall.value;
  if (call.time_limit) planned.wall = std::min(planned.wall, *call.time_limit);
  planned.cpu = limits.cpu.value;
  planned.cores = std::min(limits.cores.value, host.processors);
  planned.processes = limits.pids.value;
  planned.files = limits.files.value;
  planned.memory = limits.memory.value.bytes();
  planned.disk = limits.disk.value.bytes();
  planned.tmp = limits.tmp.value.bytes();
  planned.output = limits.output.value.bytes();
  const bool groups = host.cgroups == CgroupMode::v1 || host.cgroups == CgroupMode::v2;
  planned.memory_by = groups ? Enforced::walled : Enforced::watched;
  const auto demand = [](const policy::Origin& origin, policy::Enforce wanted, Enforced given,
                         std::string_view name) -> Result<void> {
    if (wanted == policy::Enforce::wall && given == Enforced::watched) {
      return Error(ErrorKind::unsupported,
                   std::format("{}: this host can only watch the {} limit, and the policy demands "
                               "a wall\nhint: run glovebox doctor",
                               place(origin), name));
    }
    return {};
  };
  TRY(demand(limits.memory.origin, limits.memory.enforce, planned.memory_by, "memory"));
  TRY(demand(limits.cpu.origin, limits.cpu.enforce, planned.cpu_by, "cpu"));
  TRY(demand(limits.disk.origin, limits.disk.enforce, planned.disk_by, "disk"));
  return planned;
}

void add_environment(BoxPlan& plan, const policy::Profile& profile) {
  plan.environment = {
      {"HOME", std::string(kWorkspace)},
      {"LANG", "C.UTF-8"},
      {"PATH", "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"},
      {"PS1", ""},
      {"PS2", ""},
      {"PWD", std::string(kWorkspace)},
      {"SHELL", "/bin/bash"},
      {"TERM", "dumb"},
      {"TMPDIR", "/tmp"},
      {"USER", plan.ids.inside == 0 ? "root" : "agent"},
  };
  for (const auto& [name, value] : profile.env) {
    const auto found = std::find_if(plan.environment.begin(), plan.environment.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    if (found != plan.environment.end()) {
      found->second = value;
    } else {
      plan.environment.emplace_back(name, value);
    }
  }
  std::sort(plan.environment.begin(), plan.environment.end());
}

}  // namespace

Result<BoxPlan> make_plan(const policy::Profile& profile, const CallFacts& call,
                          const HostFacts& host, const HostView& view, const Filter& filter) {
  if (profile.root.kind == policy::Root::Kind::image) {
    return Error(ErrorKind::unsupported, std::format("{}: image roots are not in this version",
                                                     place(profile.root.origin)));
  }
  if (profile.landlock_abi > host.landlock_abi) {
    return Error(
        ErrorKind::unsupported,
        std::format("{}: the profile needs Landlock ABI {}, this kernel ({}) has {}\n"
                    "hint: a newer kernel, or lsm=landlock on the kernel command line",
                    place(profile.origin), profile.landlock_abi, host.kernel, host.landlock_abi));
  }
  BoxPlan plan;
  plan.tool = call.tool;
  plan.profile = profile.name;
  plan.rule = call.rule;
  plan.rung = host.rung;
  if (host.rung == Rung::without_user_namespaces)
    plan.layers = plan.layers.without(Layer::user_namespace)
                      .without(Layer::own_user_namespace)
                      .without(Layer::no_nested_namespaces);
  plan.ids = call.ids;
  plan.ids.inside = profile.user == policy::BoxUser::root ? 0 : 1000;
  plan.landlock_abi = host.landlock_abi;
  plan.filter_name = filter.name;
  plan.filter = filter.program;
  plan.filter_digest = filter.digest;
  plan.cgroups = host.cgroups;
  plan.host_workdir = call.host_workdir;
  plan.limits = TRY(plan_limits(profile.limits, call, host));
  plan.command = {call.kind, call.argv};
  // A file tool of ours leaves nothing behind.
  if (call.kind != CommandKind::function && profile.background == policy::Background::keep)
    plan.background = Background::keep;

  if (call.kind != CommandKind::function) plan.egress = call.egress;
  if (plan.egress && host.rung == Rung::without_user_namespaces)
    return Error(ErrorKind::unsupported,
                 std::format("{}: a way out needs user namespaces, which this host does not give\n"
                             "hint: run glovebox doctor",
                             place(profile.origin)));

  plan.landlock.push_back({"/", FileRights::list});
  // A file tool of ours needs no program of the host, so its box shows none.
  if (call.kind != CommandKind::function) {
    add_host_root(plan, view);
    add_identity_files(plan);
    add_devices(plan, view);
    add_proc(plan);
  }
  for (const policy::Mount& mount : profile.mounts) TRY(add_policy_mount(plan, mount, call, view));
  if (!call.outputs.empty()) {
    MountEntry outputs;
    outputs.kind = MountKind::bind;
    outputs.at = kOutputs;
    outputs.source = call.outputs;
    plan.mounts.push_back(outputs);
    plan.landlock.push_back({outputs.at, FileRights::read});
  }
  TRY(add_hidden(plan, profile, call));
  TRY(add_guards(plan, profile, call));
  add_environment(plan, profile);
  TRY(add_trust(plan, view));
  order_mounts(plan.mounts);
  return plan;
}

}  // namespace glovebox::box
