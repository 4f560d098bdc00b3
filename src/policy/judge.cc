#include "policy/judge.h"

#include <algorithm>

#include "policy/file_place.h"
#include "policy/host_match.h"
#include "policy/http_path.h"
#include "policy/limit_names.h"
#include "policy/name_pattern.h"

namespace glovebox::policy {

namespace {

Ruling denied(Reason reason, std::string_view subject = {}, const Origin* rule = nullptr) {
  return {false, reason, subject, rule, nullptr, nullptr};
}
Ruling allowed(Reason reason, std::string_view subject = {}, const Origin* rule = nullptr) {
  return {true, reason, subject, rule, nullptr, nullptr};
}

Ruling target_denied(const Deny::Item<EgressTarget>& item) {
  Ruling ruling = denied(Reason::target_denied, {}, &item.origin);
  ruling.target = &item.value;
  return ruling;
}
Ruling by_rule(bool is_allowed, Reason reason, const EgressRule& rule) {
  return {is_allowed, reason, {}, &rule.origin, &rule, nullptr};
}

struct Rights {
  bool write = false, exec = false;
};

Rights rights_of(const FilePlace& place) {
  using enum FilePlace::Kind;
  switch (place.kind) {
    case nothing:
    case configuration:
      return {};
    case system:
      return {.write = false, .exec = true};
    case device:
    case process_files:
    case scratch:
      return {.write = true, .exec = false};
    case FilePlace::Kind::mount:
      break;
  }
  return {
      .write = place.mount->mode == MountMode::read_write || place.mount->mode == MountMode::tmpfs,
      .exec = place.mount->exec == Exec::yes};
}

seccomp::Action action_of(const seccomp::Table& table, const SyscallRequest& request) {
  seccomp::Call call;
  call.number = request.number;
  std::ranges::copy(request.arguments, call.arguments.begin());
  return seccomp::evaluate(table, call);
}

bool admits(const EgressRule& rule, const HttpRequest& request, std::string_view path) {
  if (rule.whole_host) return true;
  return std::ranges::any_of(rule.allow, [&](const HttpRule& allow) {
    return (allow.method == "*" || allow.method == request.method) && matches(allow.path, path);
  });
}

// Whether a rule of that mode lets such a request through at all.
bool carries(EgressMode mode, Tls tls) {
  switch (mode) {
    case EgressMode::http:
      return tls == Tls::no;
    case EgressMode::inspect:
    case EgressMode::sni:
      return tls == Tls::yes;
    case EgressMode::raw:
      break;
  }
  return true;
}

// Nothing of the request is seen, so it is allowed whole.
bool sees_nothing(EgressMode mode) {
  return mode == EgressMode::sni || mode == EgressMode::raw;
}

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

bool applies(const EgressRule& rule, const codec::Host& host, std::uint16_t port) {
  if (port < rule.ports.first || port > rule.ports.last || !matches(rule.target, host))
    return false;
  const auto* address = std::get_if<codec::IpAddress>(&host);
  return address == nullptr || rule.private_addresses || !is_private(*address);
}

const Deny::Item<EgressTarget>* find_denial(const Profile& profile, const codec::Host& host) {
  const auto found = std::ranges::find_if(
      profile.deny.egress, [&](const auto& item) { return denies(item.value, host); });
  return found == profile.deny.egress.end() ? nullptr : &*found;
}

Ruling judge(const Profile& profile, const Filters& filters, const FileRequest& request) {
  for (const auto& item : profile.deny.paths)
    if (covers(item.value, request.path))
      return denied(Reason::path_denied, item.value, &item.origin);
  if (request.act == FileAct::write)
    if (const Guard* guard = find_guard(profile, request.path))
      return denied(Reason::guarded, guard->name, &guard->origin);
  const FilePlace place = find_place(profile, request.path);
  if (place.kind == FilePlace::Kind::nothing) return denied(Reason::nothing_there);
  if (place.mount != nullptr && place.mount->mode == MountMode::hide)
    return denied(Reason::hidden, place.at, place.rule);
  const Rights rights = rights_of(place);
  if (request.act == FileAct::write && !rights.write)
    return denied(Reason::read_only, place.at, place.rule);
  if (request.act == FileAct::exec && !rights.exec)
    return denied(Reason::not_executable, place.at, place.rule);
  if (request.act == FileAct::exec && !can_execute(profile, filters))
    return denied(Reason::no_exec_call, profile.syscalls, origin_of(profile, "syscalls"));
  return allowed(place.mount != nullptr ? Reason::in_mount : Reason::in_system, place.at,
                 place.rule);
}

Ruling judge(const Profile& profile, const ConnectRequest& request) {
  const codec::Host& host = request.to.host;
  if (const auto* item = find_denial(profile, host)) return target_denied(*item);
  for (const EgressRule& rule : profile.egress)
    if (applies(rule, host, request.to.port)) return by_rule(true, Reason::by_egress_rule, rule);
  const auto* address = std::get_if<codec::IpAddress>(&host);
  for (const EgressRule& rule : profile.egress)
    if (address != nullptr && matches(rule.target, host))
      if (is_private(*address) && !rule.private_addresses)
        return by_rule(false, Reason::private_address, rule);
  return denied(Reason::no_rule_for_host);
}

Ruling judge(const Profile& profile, const HttpRequest& request) {
  const codec::Host& host = request.to.host;
  if (const auto* item = find_denial(profile, host)) return target_denied(*item);
  const std::string_view path = std::string_view(request.path).substr(0, request.path.find('?'));
  Ruling best = denied(Reason::no_rule_for_host);
  for (const EgressRule& rule : profile.egress) {
    if (!applies(rule, host, request.to.port)) continue;
    if (!carries(rule.mode, request.tls)) {
      if (best.reason == Reason::no_rule_for_host)
        best = by_rule(false, Reason::mode_forbids, rule);
    } else if (sees_nothing(rule.mode) || admits(rule, request, path)) {
      return by_rule(true, Reason::by_egress_rule, rule);
    } else {
      best = by_rule(false, Reason::method_or_path, rule);
    }
  }
  return best;
}

Ruling judge(const Profile& profile, const ResolveRequest& request) {
  const codec::Host host = request.name;
  if (const auto* item = find_denial(profile, host)) return target_denied(*item);
  for (const EgressRule& rule : profile.egress)
    if (matches(rule.target, host)) return by_rule(true, Reason::by_egress_rule, rule);
  return denied(Reason::no_rule_for_host);
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
