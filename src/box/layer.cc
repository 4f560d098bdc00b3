#include "box/layer.h"

namespace glovebox::box {

std::string_view to_string(Layer layer) {
  switch (layer) {
    case Layer::user_namespace:
      return "user namespace";
    case Layer::own_user_namespace:
      return "own user namespace";
    case Layer::mount_namespace:
      return "mount namespace";
    case Layer::pid_namespace:
      return "pid namespace";
    case Layer::network_namespace:
      return "network namespace";
    case Layer::ipc_namespace:
      return "ipc namespace";
    case Layer::uts_namespace:
      return "uts namespace";
    case Layer::cgroup_namespace:
      return "cgroup namespace";
    case Layer::identity:
      return "identity";
    case Layer::keyring:
      return "keyring";
    case Layer::descriptors:
      return "descriptors";
    case Layer::resource_limits:
      return "resource limits";
    case Layer::no_nested_namespaces:
      return "no nested namespaces";
    case Layer::capabilities:
      return "capabilities";
    case Layer::no_new_privileges:
      return "no new privileges";
    case Layer::landlock:
      return "landlock";
    case Layer::seccomp:
      return "seccomp";
  }
  return "unknown layer";
}

}  // namespace glovebox::box
