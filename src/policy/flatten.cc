// What a call gets, from the parts of a chain of profiles.
#include <algorithm>
#include <tuple>

#include "policy/policy.h"

namespace glovebox::policy {

namespace {

// Ancestors first.
std::vector<const ProfilePart*> chain_of(const std::map<std::string, ProfilePart>& parts,
                                         std::string_view name) {
  std::vector<const ProfilePart*> chain;
  for (std::optional<std::string> next{std::string(name)}; next; next = chain.back()->extends)
    chain.push_back(&parts.at(*next));
  std::ranges::reverse(chain);
  return chain;
}

// tmp and the folders of the host have no order; the reader refuses to be asked.
int width_of(MountMode mode) {
  switch (mode) {
    case MountMode::hide:
      return 0;
    case MountMode::read_only:
      return 1;
    case MountMode::tmpfs:
      return 2;
    case MountMode::read_write:
      return 3;
  }
  return 0;
}

// Without a size it is the one of `limits.tmp`, which no size exceeds.
std::optional<ByteLimit> larger(std::optional<ByteLimit> a, std::optional<ByteLimit> b) {
  if (!a || !b) return std::nullopt;
  return std::max(*a, *b);
}

void add_mount(std::vector<Mount>& mounts, const Mount& mount) {
  const auto at = std::ranges::find(mounts, mount.at, &Mount::at);
  if (at == mounts.end()) {
    mounts.push_back(mount);
    return;
  }
  if (at->mode == MountMode::hide) return;
  if (mount.mode == MountMode::hide) {
    *at = mount;
    return;
  }
  const bool wider = width_of(mount.mode) > width_of(at->mode) || mount.exec > at->exec ||
                     larger(at->size, mount.size) != at->size;
  if (wider) at->origin = mount.origin;
  if (width_of(mount.mode) > width_of(at->mode)) at->mode = mount.mode;
  at->exec = std::max(at->exec, mount.exec);
  at->size = larger(at->size, mount.size);
  // Confidential if one of them says so.
  at->data = std::min(at->data, mount.data);
}

template <class T, class Same>
void unite(std::vector<T>& all, const std::vector<T>& more, const Same& same) {
  for (const T& item : more)
    if (std::ranges::none_of(all, [&](const T& other) { return same(other, item); }))
      all.push_back(item);
}

bool same_rule(const EgressRule& a, const EgressRule& b) {
  const auto requests = [](const EgressRule& rule) {
    std::vector<std::tuple<std::string, std::vector<std::string>, bool>> all;
    for (const HttpRule& http : rule.allow)
      all.emplace_back(http.method, http.path.segments, http.path.open);
    std::ranges::sort(all);
    return all;
  };
  return a.target == b.target && a.ports == b.ports && a.mode == b.mode &&
         a.whole_host == b.whole_host && a.trusted == b.trusted &&
         a.private_addresses == b.private_addresses && a.inject == b.inject &&
         requests(a) == requests(b);
}

bool same_approval(const Approval& a, const Approval& b) {
  return a.tool == b.tool && a.by == b.by && a.timeout == b.timeout;
}

// Places that are there without the mount as well: it gives none, and keeps from some.
bool takes_away(const Mount& mount) {
  return mount.mode == MountMode::hide ||
         (mount.mode == MountMode::read_only && mount.at.starts_with("@workspace/"));
}

bool holds(const ProfilePart& part, Day day) {
  return !part.expires || day <= *part.expires;
}

class Flattener {
 public:
  explicit Flattener(Profile& result) : to_(result) {}

  // Everything that the part says.
  void add(const ProfilePart& part) {
    const Profile& own = part.own;
    restrict_by(own);
    for (const Mount& mount : own.mounts) add_mount(to_.mounts, mount);
    unite(to_.egress, own.egress, same_rule);
    for (const std::string& device : own.devices)
      if (std::ranges::find(to_.devices, device) == to_.devices.end()) {
        to_.devices.push_back(device);
        take_origin(own, "devices." + device);
      }
    for (const auto& [name, value] : own.env) {
      to_.env[name] = value;
      take_origin(own, "env." + name);
    }
    single(part, "root", to_.root, own.root);
    single(part, "syscalls", to_.syscalls, own.syscalls);
    single(part, "landlock", to_.landlock_abi, own.landlock_abi);
    single(part, "user", to_.user, own.user);
    single(part, "background", to_.background, own.background);
    single(part, "audit.level", to_.audit.level, own.audit.level);
    single(part, "audit.egress", to_.audit.egress, own.audit.egress);
    each_limit(part, [](auto& to, const auto& from) { to = from; });
  }

  // What a part that has expired still takes away.
  void narrow(const ProfilePart& part) {
    const Profile& own = part.own;
    restrict_by(own);
    for (const Mount& mount : own.mounts)
      if (takes_away(mount)) add_mount(to_.mounts, mount);
    if (own.landlock_abi > to_.landlock_abi)
      single(part, "landlock", to_.landlock_abi, own.landlock_abi);
    if (own.user < to_.user) single(part, "user", to_.user, own.user);
    if (own.background < to_.background) single(part, "background", to_.background, own.background);
    if (own.audit.level > to_.audit.level)
      single(part, "audit.level", to_.audit.level, own.audit.level);
    if (own.audit.egress > to_.audit.egress)
      single(part, "audit.egress", to_.audit.egress, own.audit.egress);
    each_limit(part, [](auto& to, const auto& from) {
      if (from.value < to.value) {
        to.value = from.value;
        to.origin = from.origin;
      }
      to.enforce = std::max(to.enforce, from.enforce);
    });
  }

 private:
  // Denials, guards, approvals and what is captured hold whoever says them, and for ever.
  void restrict_by(const Profile& own) {
    const auto same = [](const auto& a, const auto& b) { return a.value == b.value; };
    unite(to_.deny.tools, own.deny.tools, same);
    unite(to_.deny.paths, own.deny.paths, same);
    unite(to_.deny.syscalls, own.deny.syscalls, same);
    unite(to_.deny.egress, own.deny.egress, same);
    unite(to_.guard, own.guard, [](const Guard& a, const Guard& b) { return a.name == b.name; });
    unite(to_.approvals, own.approvals, same_approval);
    for (const std::string& capture : own.audit.capture) {
      to_.audit.capture.insert(capture);
      take_origin(own, "audit.capture." + capture);
    }
  }

  template <class T>
  void single(const ProfilePart& part, const std::string& key, T& to, const T& from) {
    if (!part.given.contains(key)) return;
    to = from;
    take_origin(part.own, key);
  }

  void take_origin(const Profile& own, const std::string& key) {
    if (const auto at = own.origins.find(key); at != own.origins.end())
      to_.origins[key] = at->second;
  }

  template <class Use>
  void each_limit(const ProfilePart& part, const Use& use) {
    const Limits& from = part.own.limits;
    Limits& to = to_.limits;
    const auto limit = [&](const char* name, auto& into, const auto& value) {
      if (part.given.contains(std::string("limits.") + name)) use(into, value);
    };
    limit("wall", to.wall, from.wall);
    limit("cpu", to.cpu, from.cpu);
    limit("cores", to.cores, from.cores);
    limit("pids", to.pids, from.pids);
    limit("files", to.files, from.files);
    limit("memory", to.memory, from.memory);
    limit("disk", to.disk, from.disk);
    limit("tmp", to.tmp, from.tmp);
    limit("output", to.output, from.output);
  }

  Profile& to_;
};

}  // namespace

namespace {

// A path that is denied is not there.
void hide_denied(Profile& profile) {
  for (const auto& [path, origin] : profile.deny.paths) {
    if (path == "@workspace") {
      std::erase_if(profile.mounts, [](const Mount& mount) {
        return mount.at == "@workspace" || mount.at.starts_with("@workspace/");
      });
      continue;
    }
    Mount hidden;
    hidden.at = path;
    hidden.mode = MountMode::hide;
    hidden.origin = origin;
    add_mount(profile.mounts, hidden);
  }
}

}  // namespace

const ProfilePart* ended(const std::map<std::string, ProfilePart>& parts, std::string_view name,
                         Day day) {
  if (!parts.contains(std::string(name))) return nullptr;
  const auto chain = chain_of(parts, name);
  for (const ProfilePart* part : chain)
    if (holds(*part, day)) return nullptr;
  return chain.back();
}

Profile flatten(const std::map<std::string, ProfilePart>& parts, std::string_view name, Day day) {
  const auto chain = chain_of(parts, name);
  Profile result;
  result.name = std::string(name);
  result.origin = chain.back()->own.origin;
  Flattener flattener(result);
  for (const ProfilePart* part : chain)
    holds(*part, day) ? flattener.add(*part) : flattener.narrow(*part);
  hide_denied(result);
  return result;
}

Policy Policy::on(Day date) const {
  Policy policy = *this;
  policy.day = date;
  policy.last_day.reset();
  policy.profiles.clear();
  for (const auto& [key, part] : parts) {
    policy.profiles.emplace(key, flatten(parts, key, date));
    if (part.expires && date <= *part.expires)
      policy.last_day = policy.last_day ? std::min(*policy.last_day, *part.expires) : part.expires;
  }
  return policy;
}

}  // namespace glovebox::policy
