// The networks of a session that have a way out, as its keeper knows them: which box each was made
// for, and its name towards the boxer.
#pragma once

#include <cstdint>
#include <vector>

#include "box/session_init.h"

namespace glovebox::box {

class KnownNetworks {
 public:
  // `box` 0: it is the session's own, for all its calls (keep mode). Gives its name.
  std::uint64_t add(const SessionInit* session, std::uint64_t box);
  // The one that a box works in; 0: loopback only.
  std::uint64_t of(const SessionInit* session, std::uint64_t box) const;
  // The box, or the first process of a session's namespaces, has ended. Gives what went with it.
  std::vector<std::uint64_t> gone(const SessionInit* session, std::uint64_t box);
  std::vector<std::uint64_t> lost(const SessionInit* session);

 private:
  struct Network {
    const SessionInit* session;
    std::uint64_t box, name;
  };
  std::uint64_t last_ = 0;
  std::vector<Network> networks_;
};

}  // namespace glovebox::box
