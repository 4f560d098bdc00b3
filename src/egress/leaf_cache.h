// Leaves of the authority by name, so that a name that is asked for again costs no signature.
//
// Holds at most kMaxCachedLeaves; the one that was used longest ago goes first. A leaf is made anew
// kLeafRenewal before its end. Connections keep the identity that they began with.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "codec/host.h"
#include "egress/authority.h"
#include "net/tls_server.h"

namespace glovebox::egress {

constexpr std::size_t kMaxCachedLeaves = 1024;
constexpr Duration kLeafRenewal = std::chrono::hours(1);

class LeafCache {
 public:
  explicit LeafCache(Authority authority) : authority_(std::move(authority)) {}
  LeafCache(const LeafCache&) = delete;
  LeafCache& operator=(const LeafCache&) = delete;
  ~LeafCache() = default;

  // Kinds of Authority::mint.
  Result<std::shared_ptr<const net::ServerIdentity>> identity_for(const codec::Host& host,
                                                                  WallTime now);
  const Authority& authority() const { return authority_; }
  std::size_t size() const { return by_host_.size(); }

 private:
  struct Entry {
    codec::Host host;
    Leaf leaf;
  };
  bool is_good(const Leaf& leaf, WallTime now) const;

  Authority authority_;
  std::list<Entry> by_use_;  // the latest first
  std::map<codec::Host, std::list<Entry>::iterator> by_host_;
};

}  // namespace glovebox::egress
