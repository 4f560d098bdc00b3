// The egress rules and denials of one profile by the hosts that they name: a decision looks at the
// rules of its host, not at all of them. Points into the profile, which must outlive it.
#pragma once

#include <cstddef>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "codec/host.h"
#include "policy/host_match.h"
#include "policy/policy.h"

namespace glovebox::policy {

// Things by the target that they name.
template <class T>
class ByTarget {
 public:
  void add(const EgressTarget& target, const T& item) {
    if (const auto* pattern = std::get_if<HostPattern>(&target))
      (pattern->below ? below_ : whole_)[pattern->name].push_back(&item);
    else
      blocks_.emplace_back(&target, &item);
  }

  // Calls `use` for each that names the host, until it returns true. Blocks are asked one by one,
  // with `names_block(target, host)`.
  template <class NamesBlock, class Use>
  void each(const codec::Host& host, const NamesBlock& names_block, const Use& use) const {
    if (const auto* name = std::get_if<codec::HostName>(&host)) {
      std::string_view rest = name->str();
      if (use_all(whole_, rest, use)) return;
      for (auto dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
        rest.remove_prefix(dot + 1);
        if (use_all(below_, rest, use)) return;
      }
      return;
    }
    for (const auto& [target, item] : blocks_)
      if (names_block(*target, host) && use(*item)) return;
  }

 private:
  using Items = std::unordered_map<std::string_view, std::vector<const T*>>;

  template <class Use>
  static bool use_all(const Items& items, std::string_view name, const Use& use) {
    const auto found = items.find(name);
    if (found == items.end()) return false;
    for (const T* item : found->second)
      if (use(*item)) return true;
    return false;
  }

  Items whole_, below_;
  std::vector<std::pair<const EgressTarget*, const T*>> blocks_;
};

class EgressIndex {
 public:
  explicit EgressIndex(const Profile& profile) {
    for (const EgressRule& rule : profile.egress) rules_.add(rule.target, rule);
    for (const auto& item : profile.deny.egress) denials_.add(item.value, item);
  }

  // The rules whose target names the host.
  template <class Use>
  void each_rule(const codec::Host& host, const Use& use) const {
    rules_.each(host, [](const auto& t, const auto& h) { return matches(t, h); }, use);
  }
  const Deny::Item<EgressTarget>* denial(const codec::Host& host) const {
    const Deny::Item<EgressTarget>* found = nullptr;
    denials_.each(
        host, [](const auto& t, const auto& h) { return denies(t, h); },
        [&](const auto& item) {
          found = &item;
          return true;
        });
    return found;
  }

 private:
  ByTarget<EgressRule> rules_;
  ByTarget<Deny::Item<EgressTarget>> denials_;
};

}  // namespace glovebox::policy
