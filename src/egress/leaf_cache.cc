#include "egress/leaf_cache.h"

#include <utility>

namespace glovebox::egress {

bool LeafCache::is_good(const Leaf& leaf, WallTime now) const {
  if (now < leaf.begins || now >= leaf.ends) return false;
  // At the authority's own end a new leaf would not last longer.
  if (leaf.ends == authority_.ends()) return true;
  return now.microseconds + std::chrono::duration_cast<microseconds>(kLeafRenewal).count() <
         leaf.ends.microseconds;
}

Result<std::shared_ptr<const net::ServerIdentity>> LeafCache::identity_for(const codec::Host& host,
                                                                           WallTime now) {
  const auto found = by_host_.find(host);
  if (found != by_host_.end()) {
    by_use_.splice(by_use_.begin(), by_use_, found->second);
    Leaf& leaf = found->second->leaf;
    if (!is_good(leaf, now)) leaf = TRY(authority_.mint(host, now));
    return leaf.identity;
  }
  Leaf leaf = TRY(authority_.mint(host, now));
  if (by_host_.size() >= kMaxCachedLeaves) {
    by_host_.erase(by_use_.back().host);
    by_use_.pop_back();
  }
  by_use_.push_front({host, std::move(leaf)});
  by_host_.emplace(host, by_use_.begin());
  return by_use_.front().leaf.identity;
}

}  // namespace glovebox::egress
