#include <algorithm>
#include <array>
#include <deque>
#include <format>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "policy/compare_parts.h"
#include "policy/egress_index.h"
#include "policy/host_match.h"
#include "policy/http_path.h"
#include "policy/judge_egress.h"

namespace glovebox::policy {

namespace {

using codec::Host;
using Rules = std::vector<const EgressRule*>;
using Allows = std::vector<const HttpRule*>;

// What one side says about one host and port.
struct Stand {
  const Origin* denial = nullptr;
  Rules rules;  // none if it is denied

  auto operator<=>(const Stand&) const = default;
};

// How much of what goes through is hidden from egress.
int hidden(EgressMode mode) {
  return mode == EgressMode::raw ? 2 : mode == EgressMode::sni ? 1 : 0;
}
int hidden(const Rules& rules) {
  int most = 0;
  for (const EgressRule* rule : rules) most = std::max(most, hidden(rule->mode));
  return most;
}
std::string_view hidden_word(int level) {
  constexpr std::array<std::string_view, 3> kWords = {
      "egress sees each request", "egress sees the server's name only", "egress sees bytes only"};
  return kWords.at(static_cast<std::size_t>(level));
}

std::set<std::string> injected(const Rules& rules) {
  std::set<std::string> names;
  for (const EgressRule* rule : rules)
    if (rule->inject && rule->mode == EgressMode::inspect) names.insert(*rule->inject);
  return names;
}

Risk risk_of_method(const std::string& method) {
  return method == "GET" || method == "HEAD" ? Risk::medium : Risk::high;
}

class Comparison {
 public:
  Comparison(const Sides& sides, Injections injections, Findings& findings)
      : sides_(sides),
        injections_(injections),
        findings_(findings),
        index_before_(sides.before),
        index_after_(sides.after) {}

  void run() {
    std::vector<EgressTarget> targets;
    for (const Profile* profile : {&sides_.before, &sides_.after}) {
      for (const EgressRule& rule : profile->egress) targets.push_back(rule.target);
      for (const auto& item : profile->deny.egress) targets.push_back(item.value);
    }
    const std::vector<Host> hosts = host_classes(targets);
    for (const Host& host : hosts)
      for (const std::uint16_t port : ports_of(host)) compare_at({host, port});
    for (const Host& host : hosts) compare_denied_address(host);
  }

 private:
  // Where the answer about the host can change: the first port of each rule and the one behind it.
  std::set<std::uint16_t> ports_of(const Host& host) const {
    std::set<std::uint16_t> ports;
    for (const EgressIndex* index : {&index_before_, &index_after_})
      index->each_rule(host, [&](const EgressRule& rule) {
        ports.insert(rule.ports.first);
        if (rule.ports.last < 65535) ports.insert(static_cast<std::uint16_t>(rule.ports.last + 1));
        return false;
      });
    return ports;
  }

  static Stand stand_of(const EgressIndex& index, const codec::HostPort& to) {
    Stand stand;
    if (const auto* item = index.denial(to.host)) {
      stand.denial = &item->origin;
      return stand;
    }
    index.each_rule(to.host, [&](const EgressRule& rule) {
      if (applies_to_named(rule, to.host, to.port)) stand.rules.push_back(&rule);
      return false;
    });
    return stand;
  }

  void compare_at(const codec::HostPort& to) {
    const Stand old = stand_of(index_before_, to), now = stand_of(index_after_, to);
    if (old.rules.empty() && now.rules.empty()) return;
    if (std::holds_alternative<codec::HostName>(to.host)) {
      note_names(names_before_, old.rules);
      note_names(names_after_, now.rules);
    }
    if (!seen_.emplace(old, now).second) return;
    if (old.rules.empty() || now.rules.empty()) return reach(to, old, now);
    const Causes causes{&old.rules.front()->origin, &now.rules.front()->origin};
    requests(to, old.rules, now.rules, Tls::yes);
    requests(to, old.rules, now.rules, Tls::no);
    const int less = hidden(old.rules), more = hidden(now.rules);
    if (less != more)
      findings_.add(direction_of(more > less), "egress.mode",
                    std::format("of {}: {}, before: {}", codec::to_string(to), hidden_word(more),
                                hidden_word(less)),
                    Risk::high, causes);
    flag(to, old.rules, now.rules, causes, "egress.private", &EgressRule::private_addresses,
         "it may stand for an address that is not public", Risk::high);
    flag(to, old.rules, now.rules, causes, "egress.trusted", &EgressRule::trusted,
         "what comes from it counts as trusted", Risk::medium);
    if (injections_ == Injections::compared) secrets(to, old.rules, now.rules, causes);
  }

  void reach(const codec::HostPort& to, const Stand& old, const Stand& now) {
    const auto cause = [](const Stand& stand) {
      return stand.rules.empty() ? stand.denial : &stand.rules.front()->origin;
    };
    const Direction direction = direction_of(old.rules.empty());
    const bool by_denial = old.denial != nullptr || now.denial != nullptr;
    findings_.add(
        direction, by_denial ? "deny.egress" : "egress",
        std::format("{} reachable: {}", now_or_no_longer(direction), codec::to_string(to)),
        Risk::high, {cause(old), cause(now)}, ConnectRequest{to});
  }

  void flag(const codec::HostPort& to, const Rules& old, const Rules& now, const Causes& causes,
            std::string_view dimension, bool EgressRule::* member, std::string_view what,
            Risk risk) {
    const auto any = [&](const Rules& rules) {
      return std::ranges::any_of(rules, [&](const EgressRule* rule) { return rule->*member; });
    };
    const bool was = any(old), is = any(now);
    // Whether an address is private is seen in the address itself.
    if (was == is || (member == &EgressRule::private_addresses &&
                      std::holds_alternative<codec::IpAddress>(to.host)))
      return;
    const Direction direction = direction_of(is);
    findings_.add(
        direction, dimension,
        std::format("of {}: {} {}", codec::to_string(to), now_or_no_longer(direction), what), risk,
        causes);
  }

  void secrets(const codec::HostPort& to, const Rules& old, const Rules& now,
               const Causes& causes) {
    const std::set<std::string> was = injected(old), is = injected(now);
    for (const std::string& name : is)
      if (!was.contains(name))
        findings_.add(Direction::wider, "egress.inject",
                      std::format("secret `{}` is now added for {}", name, codec::to_string(to)),
                      Risk::high, causes);
    for (const std::string& name : was)
      if (!is.contains(name))
        findings_.add(
            Direction::narrower, "egress.inject",
            std::format("secret `{}` is no longer added for {}", name, codec::to_string(to)),
            Risk::low, causes);
  }

  // What the rules admit of requests of that scheme. A rule that sees nothing of a request, or asks
  // for nothing, admits every one.
  Allows admitted(const Rules& rules, Tls tls) {
    Allows allows;
    for (const EgressRule* rule : rules) {
      if (!carries(rule->mode, tls)) continue;
      if (rule->whole_host || hidden(rule->mode) > 0) {
        everything_.push_back({"*", PathPattern{{}, true}, rule->origin});
        cause_[&everything_.back()] = &rule->origin;
        allows.push_back(&everything_.back());
      } else {
        for (const HttpRule& allow : rule->allow) allows.push_back(&allow);
      }
    }
    return allows;
  }

  static std::set<std::string> methods_of(const Allows& old, const Allows& now) {
    std::set<std::string> methods;
    for (const Allows* allows : {&old, &now})
      for (const HttpRule* rule : *allows)
        if (rule->method != "*") methods.insert(rule->method);
    for (std::string other : {"DELETE", "PROPFIND", "PURGE"})
      if (!methods.contains(other)) {
        methods.insert(std::move(other));
        return methods;
      }
    std::string other = "X";
    while (methods.contains(other)) other += 'X';
    methods.insert(std::move(other));
    return methods;
  }

  static bool equal(const Allows& a, const Allows& b) {
    return std::ranges::equal(a, b, [](const HttpRule* x, const HttpRule* y) {
      return x->method == y->method && x->path == y->path;
    });
  }

  void requests(const codec::HostPort& to, const Rules& old_rules, const Rules& new_rules,
                Tls tls) {
    const Allows old = admitted(old_rules, tls), now = admitted(new_rules, tls);
    if (equal(old, now)) return;
    for (const std::string& method : methods_of(old, now)) {
      const auto of_method = [&](const Allows& allows) {
        Allows some;
        for (const HttpRule* rule : allows)
          if (rule->method == "*" || rule->method == method) some.push_back(rule);
        return some;
      };
      const auto differences = compare_paths(of_method(old), of_method(now));
      if (!differences) {
        findings_.add(Direction::wider, "egress.allow",
                      std::format("too many paths of {} to compare", codec::to_string(to)),
                      Risk::high, {&old_rules.front()->origin, &new_rules.front()->origin});
        continue;
      }
      for (const PathDifference& found : *differences) {
        const Direction direction = direction_of(found.after != nullptr);
        const Causes causes{
            found.before != nullptr ? cause_of(*found.before) : &old_rules.front()->origin,
            found.after != nullptr ? cause_of(*found.after) : &new_rules.front()->origin};
        HttpRequest request{method, tls, to, found.path};
        std::string what =
            std::format("{} allowed: {}", now_or_no_longer(direction), to_string(Request(request)));
        findings_.add(direction, "egress.allow", std::move(what), risk_of_method(method), causes,
                      std::move(request));
      }
    }
  }

  const Origin* cause_of(const HttpRule& rule) const {
    const auto found = cause_.find(&rule);
    return found != cause_.end() ? found->second : &rule.origin;
  }

  // Whether names are reached at all, and such as may stand for a private address.
  struct Names {
    bool any = false, of_private = false;
  };
  static void note_names(Names& names, const Rules& rules) {
    names.any = names.any || !rules.empty();
    names.of_private =
        names.of_private || std::ranges::any_of(rules, &EgressRule::private_addresses);
  }

  // An address that is denied stays so when a name stands for it.
  void compare_denied_address(const Host& host) {
    const auto* address = std::get_if<codec::IpAddress>(&host);
    if (address == nullptr) return;
    const auto* old = index_before_.denial(host);
    const auto* now = index_after_.denial(host);
    if ((old == nullptr) == (now == nullptr)) return;
    const Names& names = old != nullptr ? names_after_ : names_before_;
    if (is_private(*address) ? !names.of_private : !names.any) return;
    const Direction direction = direction_of(old != nullptr);
    findings_.add(
        direction, "deny.egress",
        std::format("{} is {} denied to names that stand for it", codec::to_string(host),
                    direction == Direction::wider ? "no longer" : "now"),
        Risk::medium,
        {old != nullptr ? &old->origin : nullptr, now != nullptr ? &now->origin : nullptr});
  }

  const Sides& sides_;
  Injections injections_;
  Findings& findings_;
  EgressIndex index_before_, index_after_;
  Names names_before_, names_after_;
  std::set<std::pair<Stand, Stand>> seen_;
  std::deque<HttpRule> everything_;
  std::map<const HttpRule*, const Origin*> cause_;
};

}  // namespace

void compare_egress(const Sides& sides, Injections injections, Findings& findings) {
  Comparison(sides, injections, findings).run();
}

}  // namespace glovebox::policy
