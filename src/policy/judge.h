// What one profile says about one request. The core of every decision: no text is made, nothing is
// allocated, and a name is looked up in flat tables.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "policy/policy.h"
#include "policy/request.h"
#include "seccomp/table.h"

namespace glovebox::policy {

// The filters that a policy names, by the word it uses for them.
using Filters = std::map<std::string, seccomp::Table>;

enum class Reason : std::uint8_t {
  // files
  path_denied,
  guarded,
  nothing_there,
  hidden,
  read_only,
  not_executable,
  no_exec_call,  // the filter lets nothing be executed
  in_mount,
  in_system,
  // egress
  target_denied,
  no_rule_for_host,
  private_address,
  method_or_path,
  mode_forbids,  // plain HTTP through a rule for TLS, or the other way round
  by_egress_rule,
  // system calls
  call_denied,
  no_filter,
  filter_refuses,
  filter_allows,
  // limits
  above_limit,
  within_limit,
};

struct Ruling {
  bool allowed = false;
  Reason reason = Reason::nothing_there;
  std::string_view subject;              // what the rule names; into the profile, or static
  const Origin* rule = nullptr;          // into the profile; null: no line of it, the default holds
  const EgressRule* egress = nullptr;    // that allows, or comes closest
  const EgressTarget* target = nullptr;  // that is denied
};

Ruling judge(const Profile& profile, const Filters& filters, const FileRequest& request);
Ruling judge(const Profile& profile, const ConnectRequest& request);
Ruling judge(const Profile& profile, const HttpRequest& request);
Ruling judge(const Profile& profile, const ResolveRequest& request);
Ruling judge(const Profile& profile, const Filters& filters, const SyscallRequest& request);
Ruling judge(const Profile& profile, const LimitRequest& request);

// Some call of execve or execveat gets through.
bool can_execute(const Profile& profile, const Filters& filters);

// The rule names the host and the port, and the address is one that it may stand for.
bool applies(const EgressRule& rule, const codec::Host& host, std::uint16_t port);
// The same of a rule that is known to name the host.
bool applies_to_named(const EgressRule& rule, const codec::Host& host, std::uint16_t port);
const Deny::Item<EgressTarget>* find_denial(const Profile& profile, const codec::Host& host);

// The line of a key that has no place of its own; null: nowhere, it is the default.
const Origin* origin_of(const Profile& profile, const std::string& key);
// A cap that names no filter (`syscalls` is empty) bounds no call; a profile always names one.
const seccomp::Table* filter_of(const Profile& profile, const Filters& filters);

}  // namespace glovebox::policy
