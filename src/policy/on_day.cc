#include "policy/policy.h"

namespace glovebox::policy {

// Nothing that the loader reads expires: a policy is the same on every day.
Policy Policy::on(Day when) const {
  Policy policy = *this;
  policy.day = when;
  return policy;
}

}  // namespace glovebox::policy
