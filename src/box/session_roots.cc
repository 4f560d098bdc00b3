#include "box/session_roots.h"

#include <algorithm>
#include <utility>

namespace glovebox::box {

Result<const SessionInit*> SessionRoots::of(const KnownPlan& known, const SessionPlaces& places) {
  std::string key = TRY(root_key(known, places));
  const auto made =
      std::ranges::find_if(roots_, [&](const auto& root) { return root->key == key; });
  if (made != roots_.end()) {
    std::rotate(made, made + 1, roots_.end());
  } else {
    auto session = TRY(SessionInit::start(known.plan(), places));
    roots_.push_back(
        std::make_unique<Root>(Root{std::move(key), known.plan().background, std::move(session)}));
  }
  return &roots_.back()->session;
}

std::size_t SessionRoots::count(Background mode) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(roots_, [&](const auto& root) { return root->mode == mode; }));
}

std::vector<const SessionInit*> SessionRoots::all() const {
  std::vector<const SessionInit*> list;
  for (const auto& root : roots_) list.push_back(&root->session);
  return list;
}

std::unique_ptr<SessionRoots::Root> SessionRoots::take(const SessionInit* session) {
  const auto at =
      std::ranges::find_if(roots_, [&](const auto& root) { return &root->session == session; });
  if (at == roots_.end()) return nullptr;
  auto root = std::move(*at);
  roots_.erase(at);
  return root;
}

}  // namespace glovebox::box
