// The first processes of one session's namespaces: one for each root that its plans ask for.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "box/known_plan.h"
#include "box/session_init.h"
#include "box/session_places.h"

namespace glovebox::box {

class SessionRoots {
 public:
  struct Root {
    std::string key;
    Background mode;
    SessionInit session;
  };

  // The one whose root is the plan's; made when there is none. Pointers stay valid until drop() or
  // trim(). Errors: of SessionInit::start().
  Result<const SessionInit*> of(const KnownPlan& known, const SessionPlaces& places);

  std::vector<const SessionInit*> all() const;
  // Takes it out, so that no plan finds it any more; it ends with what is returned.
  std::unique_ptr<Root> take(const SessionInit* session);
  // Takes out the oldest of those that `is_used` does not want, while there are more than kKept of
  // the same mode; they end with what is returned.
  template <class IsUsed>
  std::vector<std::unique_ptr<Root>> trim(const IsUsed& is_used) {
    std::vector<std::unique_ptr<Root>> out;
    for (std::size_t i = 0; i < roots_.size();) {
      if (count(roots_[i]->mode) <= kKept || is_used(&roots_[i]->session)) {
        ++i;
      } else {
        out.push_back(std::move(roots_[i]));
        roots_.erase(roots_.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
    return out;
  }

  // In kill mode one for shells and one for file tools; what a policy or a host in change leaves is
  // let go. In keep mode what lives on ends with it, so it goes only when the policy has changed.
  static constexpr std::size_t kKept = 2;

 private:
  std::size_t count(Background mode) const;
  std::vector<std::unique_ptr<Root>> roots_;  // least recently used first
};

}  // namespace glovebox::box
