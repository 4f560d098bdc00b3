// What egress rules say about a request, however the rules of its host are found. `Rules` has
// `denial(host)` and `each_rule(host, use)`, which calls `use` for each rule whose target names the
// host until it returns true. For judge.cc and decider.cc.
#pragma once

#include <algorithm>
#include <string_view>

#include "policy/host_match.h"
#include "policy/http_path.h"
#include "policy/judge.h"
#include "policy/request_path.h"

namespace glovebox::policy {

inline Ruling by_denial(const Deny::Item<EgressTarget>& item) {
  return {false, Reason::target_denied, {}, &item.origin, nullptr, &item.value};
}
inline Ruling by_rule(Reason reason, const EgressRule& rule) {
  return {reason == Reason::by_egress_rule, reason, {}, &rule.origin, &rule, nullptr};
}
inline Ruling by_no_rule() {
  return {false, Reason::no_rule_for_host, {}, nullptr, nullptr, nullptr};
}

// Without the query.
inline std::string_view written_path(const HttpRequest& request) {
  return std::string_view(request.path).substr(0, request.path.find('?'));
}

inline bool admits(const EgressRule& rule, const HttpRequest& request, std::string_view path) {
  if (rule.whole_host) return true;
  return std::ranges::any_of(rule.allow, [&](const HttpRule& allow) {
    return (allow.method == "*" || allow.method == request.method) && matches(allow.path, path);
  });
}

// Whether a rule of that mode lets such a request through at all.
inline bool carries(EgressMode mode, Tls tls) {
  if (mode == EgressMode::raw) return true;
  return (mode == EgressMode::http) == (tls == Tls::no);
}

// Nothing of a request is seen, so it is allowed whole.
inline bool sees_nothing(EgressMode mode) {
  return mode == EgressMode::sni || mode == EgressMode::raw;
}

template <class Rules>
Ruling judge_egress(const Rules& rules, const ConnectRequest& request) {
  const codec::Host& host = request.to.host;
  if (const auto* item = rules.denial(host)) return by_denial(*item);
  Ruling best = by_no_rule();
  rules.each_rule(host, [&](const EgressRule& rule) {
    if (applies_to_named(rule, host, request.to.port))
      best = by_rule(Reason::by_egress_rule, rule);
    else if (request.to.port >= rule.ports.first && request.to.port <= rule.ports.last)
      best = by_rule(Reason::private_address, rule);
    return best.allowed;
  });
  return best;
}

// One reading of the path.
template <class Rules>
Ruling judge_reading(const Rules& rules, const HttpRequest& request, std::string_view path) {
  Ruling best = by_no_rule();
  rules.each_rule(request.to.host, [&](const EgressRule& rule) {
    if (!applies_to_named(rule, request.to.host, request.to.port)) return false;
    if (!carries(rule.mode, request.tls)) {
      if (best.reason == Reason::no_rule_for_host) best = by_rule(Reason::mode_forbids, rule);
    } else if (sees_nothing(rule.mode) || admits(rule, request, path)) {
      best = by_rule(Reason::by_egress_rule, rule);
    } else {
      best = by_rule(Reason::method_or_path, rule);
    }
    return best.allowed;
  });
  return best;
}

// Every reading of the path must be allowed, by whichever rules.
template <class Rules>
Ruling judge_egress(const Rules& rules, const HttpRequest& request) {
  if (const auto* item = rules.denial(request.to.host)) return by_denial(*item);
  const std::string_view path = written_path(request);
  Ruling ruling = judge_reading(rules, request, path);
  const auto other = with_slashes(path);
  if (!other) return ruling;
  if (ruling.allowed)
    if (const Ruling second = judge_reading(rules, request, *other); !second.allowed)
      ruling = second;
  if (ruling.reason == Reason::method_or_path) ruling.subject = kBothReadings;
  return ruling;
}

template <class Rules>
Ruling judge_egress(const Rules& rules, const ResolveRequest& request) {
  const codec::Host host = request.name;
  if (const auto* item = rules.denial(host)) return by_denial(*item);
  Ruling best = by_no_rule();
  rules.each_rule(host, [&](const EgressRule& rule) {
    best = by_rule(Reason::by_egress_rule, rule);
    return true;
  });
  return best;
}

}  // namespace glovebox::policy
