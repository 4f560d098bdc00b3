// The walls round one call, by name.
//
// A plan carries the set of layers it is made of. The product always plans every layer that the
// host can give (see host.h for what may be missing); only tests take one out, to show that an
// attack succeeds when just that wall is gone.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace glovebox::box {

enum class Layer : std::uint8_t {
  user_namespace,      // the session's
  own_user_namespace,  // the call's, below it: no right over anything that the session made
  mount_namespace,     // with a root of its own, see MountEntry
  pid_namespace,
  network_namespace,  // only loopback
  ipc_namespace,
  uts_namespace,
  cgroup_namespace,
  identity,              // the ids of the agent, no supplementary groups
  keyring,               // a new, empty session keyring
  descriptors,           // everything but the listed fds is closed
  resource_limits,       // setrlimit and processor affinity
  no_nested_namespaces,  // user.max_user_namespaces = 0 in the box's user namespace
  capabilities,          // all sets empty, bounding set empty, securebits locked
  no_new_privileges,
  landlock,
  seccomp,
};

constexpr std::array kAllLayers = {
    Layer::user_namespace,
    Layer::own_user_namespace,
    Layer::mount_namespace,
    Layer::pid_namespace,
    Layer::network_namespace,
    Layer::ipc_namespace,
    Layer::uts_namespace,
    Layer::cgroup_namespace,
    Layer::identity,
    Layer::keyring,
    Layer::descriptors,
    Layer::resource_limits,
    Layer::no_nested_namespaces,
    Layer::capabilities,
    Layer::no_new_privileges,
    Layer::landlock,
    Layer::seccomp,
};

std::string_view to_string(Layer layer);

class LayerSet {
 public:
  static constexpr LayerSet all() {
    LayerSet set;
    for (Layer layer : kAllLayers) set.bits_ |= bit(layer);
    return set;
  }
  static constexpr LayerSet from_bits(std::uint32_t bits) {
    LayerSet set;
    set.bits_ = bits & all().bits_;
    return set;
  }
  constexpr bool has(Layer layer) const { return (bits_ & bit(layer)) != 0; }
  constexpr LayerSet without(Layer layer) const { return from_bits(bits_ & ~bit(layer)); }
  constexpr std::uint32_t bits() const { return bits_; }
  constexpr bool operator==(const LayerSet&) const = default;

 private:
  static constexpr std::uint32_t bit(Layer layer) {
    return std::uint32_t{1} << static_cast<unsigned>(layer);
  }
  std::uint32_t bits_ = 0;
};

}  // namespace glovebox::box
