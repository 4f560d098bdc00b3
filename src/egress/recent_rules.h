// Which rules the egress role has, as both it and the boxer know without asking: those that were
// told or used last. Both sides note the same digests in the same order, so that both forget the
// same ones. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace glovebox::egress {

class RecentRules {
 public:
  static constexpr std::size_t kKept = 64;

  // They are told, or a network with them is opened. Whether they were there already.
  bool note(const std::string& digest) {
    const auto at = std::ranges::find(digests_, digest);
    const bool known = at != digests_.end();
    if (known)
      std::rotate(at, at + 1, digests_.end());
    else
      digests_.push_back(digest);
    return known;
  }
  // What is forgotten now, after note().
  std::optional<std::string> forget_oldest() {
    if (digests_.size() <= kKept) return std::nullopt;
    std::optional<std::string> oldest(std::move(digests_.front()));
    digests_.erase(digests_.begin());
    return oldest;
  }

 private:
  std::vector<std::string> digests_;  // the latest last
};

}  // namespace glovebox::egress
