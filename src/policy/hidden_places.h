// What of a box is not there whatever mounts it: `hide` and `deny.paths`, also by the other paths
// at which the same folder of the host is mounted, as box/plan_guards.cc makes it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace glovebox::policy {

struct HiddenPlace {
  std::string at;          // path of the box; of a pattern the name in the workspace
  std::string_view named;  // as the policy says it
  const Origin* rule = nullptr;
};

// Points into the profile, which must outlive it. By name only: what a link leads to, and which
// folder of the host the workspace is, is known when the box is made.
class HiddenPlaces {
 public:
  explicit HiddenPlaces(const Profile& profile);

  // The one that `path`, absolute and normal, is or lies in; null: none.
  const HiddenPlace* find(std::string_view path) const;
  // The same of patterns alone.
  const HiddenPlace* find_pattern(std::string_view path) const;
  const std::vector<HiddenPlace>& places() const { return places_; }
  const std::vector<HiddenPlace>& patterns() const { return patterns_; }

 private:
  std::vector<HiddenPlace> places_;
  std::vector<HiddenPlace> patterns_;  // hidden also at the root of each repository
};

}  // namespace glovebox::policy
