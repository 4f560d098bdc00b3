// A policy that is asked often: answers as answer_request() does, by hash of host and of path
// instead of one rule after another.
//
// Points into the policy and the filters, which must outlive it and not change. Asking allocates
// no more than a copy of the deciding place.
#pragma once

#include <memory>
#include <unordered_map>

#include "policy/decide_request.h"

namespace glovebox::policy {

class Decider {
 public:
  Decider(const Policy& policy, const Filters& filters);
  ~Decider();
  Decider(const Decider&) = delete;
  Decider& operator=(const Decider&) = delete;

  Answer answer(const Who& who, const Request& request) const;

 private:
  struct Indexed;
  Ruling rule(const Indexed& indexed, const Request& request) const;

  const Policy& policy_;
  const Filters& filters_;
  std::unordered_map<const Profile*, std::unique_ptr<Indexed>> profiles_;
  std::unique_ptr<Indexed> cap_;
};

}  // namespace glovebox::policy
