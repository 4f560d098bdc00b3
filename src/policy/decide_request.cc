#include "policy/decide_request.h"

#include <algorithm>
#include <format>
#include <utility>
#include <variant>

#include "policy/file_place.h"
#include "policy/host_match.h"
#include "policy/limit_names.h"
#include "policy/name_pattern.h"
#include "policy/request_path.h"

namespace glovebox::policy {

namespace {

// Read back by egress_reason().
constexpr std::string_view kNoRules = "the profile has no egress rule";
constexpr std::string_view kNoRuleForHost = "no egress rule names this host and port";
constexpr std::string_view kTheRule = "the rule for `";
constexpr std::string_view kNotForPrivate = " is not for private addresses (private = true)";
constexpr std::string_view kNotThisRequest = " does not allow this method and path";
constexpr std::string_view kNotThisScheme = " does not carry this scheme";
constexpr std::string_view kDenyNames = "deny names `";

std::string_view mode_word(EgressMode mode) {
  switch (mode) {
    case EgressMode::http:
      return "http";
    case EgressMode::inspect:
      return "inspect";
    case EgressMode::sni:
      return "sni";
    case EgressMode::raw:
      break;
  }
  return "raw";
}

std::string egress_words(const EgressRule& rule) {
  const std::string ports = rule.ports.first == rule.ports.last
                                ? std::format("{}", rule.ports.first)
                                : std::format("{}-{}", rule.ports.first, rule.ports.last);
  return std::format("{}{}`, port {}, mode {}", kTheRule, target_text(rule.target), ports,
                     mode_word(rule.mode));
}

constexpr std::string_view kBoxer = "the boxer, before a box is made";
constexpr std::string_view kEgress = "the egress role: a box has no other way out";

std::string_view enforcer_of(const Request& request) {
  struct Enforcer {
    std::string_view operator()(const ToolRequest&) const { return kBoxer; }
    std::string_view operator()(const McpRequest&) const { return kBoxer; }
    std::string_view operator()(const FileRequest&) const {
      return "the mounts of the box, and Landlock";
    }
    std::string_view operator()(const ConnectRequest&) const { return kEgress; }
    std::string_view operator()(const HttpRequest&) const { return kEgress; }
    std::string_view operator()(const ResolveRequest&) const { return kEgress; }
    std::string_view operator()(const SyscallRequest&) const { return "the seccomp filter"; }
    std::string_view operator()(const SecretRequest&) const { return kEgress; }
    std::string_view operator()(const LimitRequest&) const { return "the boxer, while it runs"; }
  };
  return std::visit(Enforcer{}, request);
}

// The one who asks: a request about a tool is about that tool's calls.
Who asking(const Who& who, const Request& request) {
  Who asked = who;
  if (const auto* tool = std::get_if<ToolRequest>(&request)) asked.tool = tool->tool;
  if (const auto* mcp = std::get_if<McpRequest>(&request))
    asked.tool = std::format("mcp:{}/{}", mcp->server, mcp->tool);
  return asked;
}

bool names_tool(const Request& request) {
  return std::holds_alternative<ToolRequest>(request) ||
         std::holds_alternative<McpRequest>(request);
}

struct Judge {
  const Profile& profile;
  const Filters& filters;

  Ruling operator()(const FileRequest& r) const { return judge(profile, filters, r); }
  Ruling operator()(const SyscallRequest& r) const { return judge(profile, filters, r); }
  Ruling operator()(const ConnectRequest& r) const { return judge(profile, r); }
  Ruling operator()(const HttpRequest& r) const { return judge(profile, r); }
  Ruling operator()(const ResolveRequest& r) const { return judge(profile, r); }
  Ruling operator()(const LimitRequest& r) const { return judge(profile, r); }
  // The others are no matter of a profile alone.
  Ruling operator()(const ToolRequest&) const { return {.allowed = true}; }
  Ruling operator()(const McpRequest&) const { return {.allowed = true}; }
  Ruling operator()(const SecretRequest&) const { return {.allowed = true}; }
};

Ruling bound(const Profile& cap, const Filters& filters, const Request& request) {
  if (const auto* file = std::get_if<FileRequest>(&request);
      file != nullptr && leaves_anchors(*file, find_place(cap, file->path)))
    return {true, Reason::in_mount, "@workspace", nullptr};
  return std::visit(Judge{cap, filters}, request);
}

std::optional<Origin> copy(const Origin* origin) {
  return origin == nullptr ? std::nullopt : std::optional(*origin);
}

bool endpoint_named(const SecretRule& rule, const SecretRequest& request) {
  const auto* name = std::get_if<codec::HostName>(&request.to.host);
  return name != nullptr && std::ranges::any_of(rule.only, [&](const Endpoint& endpoint) {
           return endpoint.port == request.to.port && matches(endpoint.host, name->str());
         });
}

// The chain of one verdict.
class Chain {
 public:
  void add(std::string_view stage, std::string words, std::optional<Origin> origin = {}) {
    verdict_.trace.push_back({stage, std::move(words), std::move(origin)});
  }
  // What is said last is what decided, once it is a refusal.
  void decide(Answer answer, std::string_view stage, std::string words,
              std::optional<Origin> origin) {
    if (verdict_.words.empty() || answer < verdict_.answer) {
      verdict_.answer = answer;
      verdict_.words = words;
      verdict_.rule = origin;
    }
    add(stage, std::move(words), std::move(origin));
  }
  Verdict take() { return std::move(verdict_); }

 private:
  Verdict verdict_{.answer = Answer::allow, .trace = {}, .rule = {}, .words = {}};
};

// False: there is no profile to ask further.
bool add_tool(Chain& chain, const Policy& policy, const ToolRuling& tool, const Who& who) {
  const Decision& decision = tool.decision;
  if (decision.bound == nullptr) {
    chain.decide(Answer::deny, "bind", decision.reason, decision.rule);
    return false;
  }
  const Profile& profile = policy.profiles.at(decision.bound->profile);
  chain.add("bind", std::format("tool `{}` gets profile `{}`", who.tool, profile.name),
            decision.bound->origin);
  chain.add("profile", std::format("`{}`", profile.name), profile.origin);
  if (decision.ground == Ground::denied) {
    chain.decide(Answer::deny, "deny", std::format("deny names tool `{}`", who.tool),
                 decision.rule);
    return false;
  }
  if (decision.ground == Ground::expired) {
    chain.decide(Answer::deny, "expires", decision.reason, decision.rule);
    return false;
  }
  for (const Approval* approval : tool.approvals)
    chain.decide(Answer::ask, "approval",
                 std::format("each call of `{}` needs the approval of `{}`, and is denied without "
                             "it",
                             who.tool, approval->by),
                 approval->origin);
  return true;
}

Answer answer_of(bool is_allowed) {
  return is_allowed ? Answer::allow : Answer::deny;
}

void add_ruling(Chain& chain, const Policy& policy, const Profile& profile, const Filters& filters,
                const Request& request) {
  const Ruling ruling = std::visit(Judge{profile, filters}, request);
  chain.decide(answer_of(ruling.allowed), "rule", ruling_words(ruling, profile), copy(ruling.rule));
  if (!policy.cap || !ruling.allowed) return;
  const Ruling capped = bound(*policy.cap, filters, request);
  chain.decide(answer_of(capped.allowed), "cap",
               (capped.allowed ? "within the cap: " : std::string(kBeyondCap)) +
                   ruling_words(capped, *policy.cap),
               copy(capped.rule));
}

bool is_of_profile(const Request& request) {
  return !names_tool(request) && !std::holds_alternative<SecretRequest>(request);
}

}  // namespace

std::string ruling_words(const Ruling& ruling, const Profile& profile) {
  switch (ruling.reason) {
    case Reason::path_denied:
      return std::format("deny names `{}`", ruling.subject);
    case Reason::guarded:
      return std::format("`{}` is guarded at the root of the workspace and of each repository",
                         ruling.subject);
    case Reason::nothing_there:
      return "nothing is mounted there";
    case Reason::hidden:
      return std::format("`{}` is hidden", ruling.subject);
    case Reason::read_only:
      return std::format("`{}` is read-only", ruling.subject);
    case Reason::not_executable:
      return std::format("nothing can be run from `{}`", ruling.subject);
    case Reason::no_exec_call:
      return std::format("the filter `{}` lets no program be started", ruling.subject);
    case Reason::in_mount:
      return std::format("the mount of `{}` gives it", ruling.subject);
    case Reason::in_system:
      return std::format("every box has `{}`", ruling.subject);
    case Reason::target_denied:
      return std::format("{}{}`", kDenyNames, target_text(*ruling.target));
    case Reason::no_rule_for_host:
      return std::string(profile.egress.empty() ? kNoRules : kNoRuleForHost);
    case Reason::private_address:
      return egress_words(*ruling.egress) + std::string(kNotForPrivate);
    case Reason::method_or_path:
      return egress_words(*ruling.egress) + std::string(kNotThisRequest) +
             (ruling.subject.empty() ? "" : " " + std::string(ruling.subject));
    case Reason::mode_forbids:
      return egress_words(*ruling.egress) + std::string(kNotThisScheme);
    case Reason::by_egress_rule:
      return egress_words(*ruling.egress) + " gives it";
    case Reason::call_denied:
      return std::format("deny names `{}`", ruling.subject);
    case Reason::no_filter:
      return std::format("the filter `{}` is not there", ruling.subject);
    case Reason::filter_refuses:
      return std::format("the filter `{}` refuses it", ruling.subject);
    case Reason::filter_allows:
      return std::format("the filter `{}` allows it", ruling.subject);
    case Reason::above_limit:
    case Reason::within_limit:
      break;
  }
  const auto index = find_limit(ruling.subject).value();
  const LimitView limit = limit_at(profile.limits, index);
  return std::format("the limit is {}", limit_text(kLimitNames.at(index).unit, limit.value));
}

std::optional<Reason> egress_reason(std::string_view words) {
  if (words == kNoRules || words == kNoRuleForHost) return Reason::no_rule_for_host;
  if (words.starts_with(kDenyNames) && words.ends_with('`')) return Reason::target_denied;
  if (!words.starts_with(kTheRule)) return std::nullopt;
  if (words.ends_with(kNotForPrivate)) return Reason::private_address;
  if (words.ends_with(kNotThisRequest)) return Reason::method_or_path;
  if (words.ends_with(std::format("{} {}", kNotThisRequest, kBothReadings)))
    return Reason::method_or_path;
  if (words.ends_with(kNotThisScheme)) return Reason::mode_forbids;
  return std::nullopt;
}

bool leaves_anchors(const FileRequest& request, const FilePlace& in_cap) {
  return (covers("@workspace", request.path) || covers("@tmp", request.path)) &&
         in_cap.kind != FilePlace::Kind::mount && in_cap.kind != FilePlace::Kind::hidden;
}

ToolRuling rule_tool(const Policy& policy, const Who& who) {
  ToolRuling ruling;
  ruling.decision = policy.decide(who.environment, who.agent, who.tool);
  ruling.profile = ruling.decision.profile;
  if (ruling.profile == nullptr) return ruling;
  for (const Approval& approval : ruling.profile->approvals)
    if (matches(approval.tool, who.tool)) ruling.approvals.push_back(&approval);
  ruling.answer = ruling.approvals.empty() ? Answer::allow : Answer::ask;
  return ruling;
}

SecretRuling rule_secret(const Policy& policy, const Profile& profile, std::string_view tool,
                         const SecretRequest& request) {
  const auto found = policy.secrets.find(request.secret);
  if (found == policy.secrets.end())
    return {false, nullptr, std::format("no secret named `{}`", request.secret)};
  const SecretRule& rule = found->second;
  if (!endpoint_named(rule, request))
    return {false, &rule.origin, std::format("`{}` is not for this endpoint", rule.name)};
  if (rule.expose != Exposure::egress) {
    const bool given = std::ranges::any_of(
        rule.tools, [&](const std::string& pattern) { return matches(pattern, tool); });
    return {given, &rule.origin,
            std::format("`{}` is {} to tool `{}`", rule.name, given ? "shown" : "not shown", tool)};
  }
  if (const auto* item = find_denial(profile, request.to.host))
    return {false, &item->origin, std::format("deny names `{}`", target_text(item->value))};
  for (const EgressRule& egress : profile.egress)
    if (egress.inject == rule.name && egress.mode == EgressMode::inspect &&
        applies(egress, request.to.host, request.to.port))
      return {true, &egress.origin,
              std::format("`{}` is added on the wire by {}", rule.name, egress_words(egress))};
  return {false, &rule.origin,
          std::format("no egress rule of the profile injects `{}` there", rule.name)};
}

Answer answer_request(const Policy& policy, const Filters& filters, const Who& who,
                      const Request& request) {
  // A request about a tool costs the copy of its name, every other one nothing.
  if (names_tool(request)) return rule_tool(policy, asking(who, request)).answer;
  const ToolRuling tool = rule_tool(policy, who);
  if (tool.answer == Answer::deny) return Answer::deny;
  if (const auto* secret = std::get_if<SecretRequest>(&request))
    return rule_secret(policy, *tool.profile, who.tool, *secret).allowed ? tool.answer
                                                                         : Answer::deny;
  if (!std::visit(Judge{*tool.profile, filters}, request).allowed) return Answer::deny;
  if (policy.cap && !bound(*policy.cap, filters, request).allowed) return Answer::deny;
  return tool.answer;
}

Verdict decide_request(const Policy& policy, const Filters& filters, const Who& who,
                       const Request& request) {
  Chain chain;
  const Who asked = asking(who, request);
  const ToolRuling tool = rule_tool(policy, asked);
  if (!add_tool(chain, policy, tool, asked)) return chain.take();
  if (names_tool(request)) {
    chain.decide(Answer::allow, "rule", std::format("the bind gives tool `{}`", asked.tool),
                 tool.decision.rule);
  } else if (const auto* secret = std::get_if<SecretRequest>(&request)) {
    const SecretRuling ruling = rule_secret(policy, *tool.profile, asked.tool, *secret);
    chain.decide(answer_of(ruling.allowed), "rule", ruling.words, copy(ruling.rule));
  } else {
    add_ruling(chain, policy, *tool.profile, filters, request);
  }
  chain.add(kEnforcedBy, std::string(enforcer_of(request)));
  return chain.take();
}

Verdict decide_in_profile(const Policy& policy, const Filters& filters, std::string_view profile,
                          const Request& request) {
  Chain chain;
  const auto found = policy.profiles.find(std::string(profile));
  if (found == policy.profiles.end() || !is_of_profile(request)) {
    chain.decide(Answer::deny, "profile",
                 is_of_profile(request) ? "the policy has no profile of that name"
                                        : "a profile alone does not decide it",
                 {});
    return chain.take();
  }
  chain.add("profile", std::format("`{}`, for whichever of its calls it was", found->second.name),
            found->second.origin);
  add_ruling(chain, policy, found->second, filters, request);
  chain.add(kEnforcedBy, std::string(enforcer_of(request)));
  return chain.take();
}

}  // namespace glovebox::policy
