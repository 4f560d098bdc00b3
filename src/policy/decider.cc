#include "policy/decider.h"

#include <variant>

#include "policy/egress_index.h"
#include "policy/file_place.h"
#include "policy/judge_egress.h"
#include "policy/judge_file.h"

namespace glovebox::policy {

struct Decider::Indexed {
  Indexed(const Profile& of, const Filters& filters)
      : profile(of), egress(of), places(of), executes(can_execute(of, filters)) {}

  Ruling file(const FileRequest& request) const {
    return judge_at(profile, request, places.find(request.path), [this] { return executes; });
  }

  const Profile& profile;
  EgressIndex egress;
  PlaceIndex places;
  bool executes;
};

Decider::Decider(const Policy& policy, const Filters& filters)
    : policy_(policy), filters_(filters) {
  for (const auto& [name, profile] : policy.profiles)
    profiles_.emplace(&profile, std::make_unique<Indexed>(profile, filters));
  if (policy.cap) cap_ = std::make_unique<Indexed>(*policy.cap, filters);
}

Decider::~Decider() = default;

Ruling Decider::rule(const Indexed& indexed, const Request& request) const {
  if (const auto* file = std::get_if<FileRequest>(&request)) return indexed.file(*file);
  if (const auto* http = std::get_if<HttpRequest>(&request))
    return judge_egress(indexed.egress, *http);
  if (const auto* connect = std::get_if<ConnectRequest>(&request))
    return judge_egress(indexed.egress, *connect);
  if (const auto* resolve = std::get_if<ResolveRequest>(&request))
    return judge_egress(indexed.egress, *resolve);
  if (const auto* call = std::get_if<SyscallRequest>(&request))
    return judge(indexed.profile, filters_, *call);
  return judge(indexed.profile, std::get<LimitRequest>(request));
}

Answer Decider::answer(const Who& who, const Request& request) const {
  if (std::holds_alternative<ToolRequest>(request) || std::holds_alternative<McpRequest>(request) ||
      std::holds_alternative<SecretRequest>(request))
    return answer_request(policy_, filters_, who, request);
  const ToolRuling tool = rule_tool(policy_, who);
  if (tool.answer == Answer::deny) return Answer::deny;
  if (!rule(*profiles_.at(tool.profile), request).allowed) return Answer::deny;
  if (cap_) {
    const auto* file = std::get_if<FileRequest>(&request);
    const bool leaves = file != nullptr && leaves_anchors(*file, cap_->places.find(file->path));
    if (!leaves && !rule(*cap_, request).allowed) return Answer::deny;
  }
  return tool.answer;
}

}  // namespace glovebox::policy
