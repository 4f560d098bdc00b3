#include "policy/judge.h"

#include <algorithm>

#include "policy/file_place.h"
#include "policy/host_match.h"
#include "policy/judge_egress.h"
#include "policy/judge_file.h"
#include "policy/limit_names.h"
#include "policy/name_pattern.h"

namespace glovebox::policy {

namespace {

seccomp::Action action_of(const seccomp::Table& table, const SyscallRequest& request) {
  seccomp::Call call;
  call.number = request.number;
  std::ranges::copy(request.arguments, call.arguments.begin());
  return seccomp::evaluate(table, call);
}

// All rules of a profile, one by one.
struct EveryRule {
  const Profile& profile;

  const Deny::Item<EgressTarget>* denial(const codec::Host& host) const {
    return find_denial(profile, host);
  }
  template <class Use>
  void each_rule(const codec::Host& host, const Use& use) const {
    for (const EgressRule& rule : profile.egress)
      if (matches(rule.target, host) && use(rule)) return;
  }
};

}  // namespace

const Origin* origin_of(const Profile& profile, const std::string& key) {
  const auto found = profile.origins.find(key);
  return found == profile.origins.end() ? nullptr : &found->second;
}

const seccomp::Table* filter_of(const Profile& profile, const Filters& filters) {
  const auto found = filters.find(profile.syscalls);
  return found == filters.end() ? nullptr : &found->second;
}

bool can_execute(const Profile& profile, const Filters& filters) {
  const seccomp::Table* table = filter_of(profile, filters);
  if (table == nullptr && !profile.syscalls.empty()) return false;
  const auto gets_through = [&](std::string_view name) {
    if (std::ranges::find(profile.deny.syscalls, name, &Deny::Item<std::string>::value) !=
        profile.deny.syscalls.end())
      return false;
    if (table == nullptr) return true;
    using enum seccomp::Action::Kind;
    const auto rule = std::ranges::find(table->rules, name, &seccomp::Rule::name);
    if (rule == table->rules.end()) return table->fallback.kind == allow;
    return rule->action.kind == allow ||
           (rule->condition && rule->condition->otherwise.kind == allow);
  };
  return gets_through("execve") || gets_through("execveat");
}

bool applies_to_named(const EgressRule& rule, const codec::Host& host, std::uint16_t port) {
  if (port < rule.ports.first || port > rule.ports.last) return false;
  const auto* address = std::get_if<codec::IpAddress>(&host);
  return address == nullptr || rule.private_addresses || !is_private(*address);
}

bool applies(const EgressRule& rule, const codec::Host& host, std::uint16_t port) {
  return matches(rule.target, host) && applies_to_named(rule, host, port);
}

const Deny::Item<EgressTarget>* find_denial(const Profile& profile, const codec::Host& host) {
  const auto found = std::ranges::find_if(
      profile.deny.egress, [&](const auto& item) { return denies(item.value, host); });
  return found == profile.deny.egress.end() ? nullptr : &*found;
}

Ruling judge(const Profile& profile, const Filters& filters, const FileRequest& request) {
  return judge_at(profile, request, find_place(profile, request.path),
                  [&] { return can_execute(profile, filters); });
}

Ruling judge(const Profile& profile, const ConnectRequest& request) {
  return judge_egress(EveryRule{profile}, request);
}
Ruling judge(const Profile& profile, const HttpRequest& request) {
  return judge_egress(EveryRule{profile}, request);
}
Ruling judge(const Profile& profile, const ResolveRequest& request) {
  return judge_egress(EveryRule{profile}, request);
}

Ruling judge(const Profile& profile, const Filters& filters, const SyscallRequest& request) {
  for (const auto& item : profile.deny.syscalls)
    if (item.value == request.name) return denied(Reason::call_denied, item.value, &item.origin);
  const Origin* key = origin_of(profile, "syscalls");
  if (profile.syscalls.empty()) return allowed(Reason::filter_allows);
  const seccomp::Table* table = filter_of(profile, filters);
  if (table == nullptr) return denied(Reason::no_filter, profile.syscalls, key);
  if (action_of(*table, request).kind == seccomp::Action::Kind::allow)
    return allowed(Reason::filter_allows, profile.syscalls, key);
  return denied(Reason::filter_refuses, profile.syscalls, key);
}

Ruling judge(const Profile& profile, const LimitRequest& request) {
  const LimitView limit = limit_at(profile.limits, request.limit);
  const Origin* rule = limit.origin->file.empty() ? nullptr : limit.origin;
  const std::string_view name = kLimitNames.at(request.limit).name;
  return request.value <= limit.value ? allowed(Reason::within_limit, name, rule)
                                      : denied(Reason::above_limit, name, rule);
}

}  // namespace glovebox::policy
