// What no profile may exceed.
#include "policy/read_cap.h"

#include <algorithm>
#include <format>

#include "policy/normal_path.h"
#include "policy/read_profile.h"

namespace glovebox::policy {

namespace {

// The widest value of everything that a cap can leave unmentioned.
Profile unbounded() {
  Profile cap;
  cap.name = "cap";
  cap.background = Background::keep;
  cap.user = BoxUser::root;
  cap.syscalls.clear();
  cap.landlock_abi = 1;
  cap.audit.level = AuditLevel::metadata;
  cap.limits.wall.value = cap.limits.cpu.value = kMaxTime;
  cap.limits.cores.value = cap.limits.pids.value = cap.limits.files.value = kMaxCount;
  for (Limit<ByteLimit>* limit :
       {&cap.limits.memory, &cap.limits.disk, &cap.limits.tmp, &cap.limits.output})
    limit->value = ByteLimit(kMaxBytes);
  return cap;
}

// A cap that gives with one line what it takes with another says two things.
class Contradictions {
 public:
  Contradictions(DocumentReader& reader, const Profile& cap) : reader_(reader), cap_(cap) {}

  void report() {
    for (const auto& denied : cap_.deny.tools)
      if (denied.value == "*") say(denied.origin, "the cap denies every tool: nothing is left");
    for (const EgressRule& rule : cap_.egress)
      for (const auto& denied : cap_.deny.egress)
        if (lies_in(rule.target, denied.value))
          say(rule.origin, std::format("the cap allows {} and denies it in line {}",
                                       to_string(rule.target), denied.origin.line));
    for (const Mount& mount : cap_.mounts) {
      if (mount.mode == MountMode::hide) continue;
      for (const auto& denied : cap_.deny.paths)
        if (is_below(mount.at, denied.value))
          say(mount.origin, std::format("the cap allows {} and denies it in line {}", mount.at,
                                        denied.origin.line));
    }
    for (const Approval& approval : cap_.approvals)
      for (const auto& denied : cap_.deny.tools)
        if (denied.value != "*" && tools_lie_in(approval.tool, denied.value))
          say(approval.origin, std::format("the cap has {} approved and denies it in line {}",
                                           approval.tool, denied.origin.line));
  }

 private:
  void say(const Origin& origin, std::string message) {
    reader_.report(Code::bad_cap, origin, std::move(message), "take out one of the two");
  }
  DocumentReader& reader_;
  const Profile& cap_;
};

}  // namespace

void read_cap(DocumentReader& reader, const Value& value, std::optional<Profile>& cap) {
  const Table* given = reader.table(value, "cap");
  if (given == nullptr) return;
  ProfilePart part;
  part.own = unbounded();
  part.own.origin = value.origin;
  read_part(reader, *given, Place::cap, "[cap]", part);
  Contradictions(reader, part.own).report();
  for (const char* anchor : {"@workspace", "@tmp"}) {
    if (std::ranges::contains(part.own.mounts, anchor, &Mount::at)) continue;
    Mount mount;
    mount.at = anchor;
    mount.mode = mount.at == "@tmp" ? MountMode::tmpfs : MountMode::read_write;
    mount.exec = Exec::yes;
    mount.origin = value.origin;
    part.own.mounts.push_back(std::move(mount));
  }
  cap = std::move(part.own);
}

Profile bound_for(const Policy& policy, const Profile& profile) {
  Profile bound = policy.cap.value();
  const auto single = [&](const char* key, auto& value, const auto& own) {
    if (!bound.origins.contains(key)) value = own;
  };
  single("root", bound.root, profile.root);
  single("syscalls", bound.syscalls, profile.syscalls);
  single("landlock", bound.landlock_abi, profile.landlock_abi);
  single("user", bound.user, profile.user);
  single("background", bound.background, profile.background);
  single("audit.level", bound.audit.level, profile.audit.level);
  single("audit.egress", bound.audit.egress, profile.audit.egress);
  const auto limit = [](auto& value, const auto& own) {
    if (value.origin.line == 0) value = own;
  };
  limit(bound.limits.wall, profile.limits.wall);
  limit(bound.limits.cpu, profile.limits.cpu);
  limit(bound.limits.cores, profile.limits.cores);
  limit(bound.limits.pids, profile.limits.pids);
  limit(bound.limits.files, profile.limits.files);
  limit(bound.limits.memory, profile.limits.memory);
  limit(bound.limits.disk, profile.limits.disk);
  limit(bound.limits.tmp, profile.limits.tmp);
  limit(bound.limits.output, profile.limits.output);
  bound.env = profile.env;
  return bound;
}

}  // namespace glovebox::policy
