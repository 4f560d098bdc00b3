// One connection that a rule allows, while it goes on: for the .cc files of Network.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "egress/network.h"

namespace glovebox::egress {

std::string_view word_of(policy::EgressMode mode);

// One connection that a rule allows, while it goes on.
struct Network::Flow {
  Flow(Network& of, Opened what) : network(of), opened(std::move(what)) {
    began = network.host_.loop.now();
    place = network.flows_.insert(network.flows_.end(), this);
  }
  ~Flow() {
    network.carried_.up += carried.up;
    network.carried_.down += carried.down;
    network.count(carried.up, carried.down);
    network.flows_.erase(place);
  }
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  Opened so_far(Opened::At at) const {
    Opened so_far = opened;
    so_far.up = carried.up;
    so_far.down = carried.down;
    so_far.lasted = network.host_.loop.now() - began;
    so_far.at = at;
    return so_far;
  }
  void end(std::string failure) {
    opened.failure = std::move(failure);
    network.record(so_far(Opened::At::end));
  }
  // It was allowed and came to nothing; what was denied is told as a refusal.
  void fail(const Error& error) {
    if (error.kind() != ErrorKind::denied) end(error.message());
  }
  // Nothing has moved since it was told last.
  bool is_told() {
    return std::exchange(told, carried.up + carried.down) == carried.up + carried.down;
  }

  Network& network;
  Opened opened;
  Carried carried;
  Duration began{};
  std::optional<std::uint64_t> told;  // bytes, both ways
  std::list<Flow*>::iterator place;
};

}  // namespace glovebox::egress
