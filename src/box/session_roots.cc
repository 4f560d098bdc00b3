#include "box/session_roots.h"

#include <algorithm>
#include <utility>

namespace glovebox::box {

Result<const SessionInit*> SessionRoots::of(const BoxPlan& plan, const SessionPlaces& places) {
  std::string key = TRY(root_key(plan, places));
  const auto known =
      std::ranges::find_if(roots_, [&](const auto& root) { return root->key == key; });
  if (known != roots_.end()) {
    std::rotate(known, known + 1, roots_.end());
  } else {
    auto session = TRY(SessionInit::start(plan, places));
    roots_.push_back(std::make_unique<Root>(Root{std::move(key), std::move(session)}));
  }
  return &roots_.back()->session;
}

std::vector<const SessionInit*> SessionRoots::all() const {
  std::vector<const SessionInit*> list;
  for (const auto& root : roots_) list.push_back(&root->session);
  return list;
}

void SessionRoots::drop(const SessionInit* session) {
  std::erase_if(roots_, [&](const auto& root) { return &root->session == session; });
}

}  // namespace glovebox::box
