#include "box/namespaces.h"

#include <initializer_list>
#include <utility>

namespace glovebox::box {

namespace {

using Pair = std::pair<Layer, os::Namespace>;
constexpr Pair kUser{Layer::user_namespace, os::Namespace::user};
constexpr Pair kMount{Layer::mount_namespace, os::Namespace::mount};
constexpr Pair kPid{Layer::pid_namespace, os::Namespace::pid};
constexpr Pair kNetwork{Layer::network_namespace, os::Namespace::network};
constexpr Pair kIpc{Layer::ipc_namespace, os::Namespace::ipc};
constexpr Pair kUts{Layer::uts_namespace, os::Namespace::uts};
constexpr Pair kCgroup{Layer::cgroup_namespace, os::Namespace::cgroup};

os::NamespaceFlags flags_of(const BoxPlan& plan, std::initializer_list<Pair> pairs) {
  os::NamespaceFlags flags = 0;
  for (const auto& [layer, space] : pairs) {
    if (plan.layers.has(layer)) flags |= static_cast<os::NamespaceFlags>(space);
  }
  return flags;
}

}  // namespace

os::NamespaceFlags session_namespaces(const BoxPlan& plan) {
  if (plan.background == Background::keep)
    return flags_of(plan, {kUser, kMount, kPid, kNetwork, kIpc, kUts});
  return flags_of(plan, {kUser, kMount, kPid, kUts});
}

os::NamespaceFlags call_namespaces(const BoxPlan& plan) {
  if (plan.background == Background::keep) return flags_of(plan, {kMount, kUts, kCgroup});
  return flags_of(plan, {kMount, kPid, kNetwork, kIpc, kUts, kCgroup});
}

}  // namespace glovebox::box
