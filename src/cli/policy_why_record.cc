#include "cli/policy_why_record.h"

#include <format>
#include <utility>

#include "audit/recorded_decision.h"
#include "base/clock.h"
#include "policy/verdict_text.h"
#include "roles/stored_policy.h"

namespace glovebox::cli {

namespace {

using codec::Json;

std::string said_by(const audit::Record& record) {
  const std::string* decision = record.json.get_string("dec");
  const std::string* reason = record.json.get_string("why");
  std::string said = decision == nullptr ? "deny" : *decision;
  if (reason != nullptr) said += ", " + *reason;
  return said;
}

// `as tool bash in environment …`, or `as profile build in environment …`.
std::string asker_of(const roles::RecordedRequest& request) {
  if (!request.profile) return policy::to_string(request.who);
  constexpr std::string_view kTool = "as tool ";
  return std::format("as profile {}{}", *request.profile,
                     policy::to_string(request.who).substr(kTool.size()));
}

}  // namespace

Result<RecordedWhy> why_of_record(const std::string& log, std::uint64_t index) {
  const audit::RecordedDecision decision = TRY(audit::find_decision(log, index));
  RecordedWhy why;
  why.index = index;
  why.kind = audit::to_string(decision.record.kind);
  why.time = to_rfc3339(decision.record.wall);
  why.said = said_by(decision.record);
  why.request = TRY(roles::request_of(decision));
  const roles::PolicySource judged =
      TRY_CONTEXT(roles::load_to_judge(log, why.request.policy, why.request.day),
                  std::format("record {}", index));
  const roles::RecordedRequest& asked = why.request;
  why.verdict =
      asked.profile
          ? policy::decide_in_profile(judged.policy, judged.tables, *asked.profile, asked.request)
          : policy::decide_request(judged.policy, judged.tables, asked.who, asked.request);
  return why;
}

std::string to_text(const RecordedWhy& why) {
  return std::format("record {}, {} of {}: {}\npolicy {}\nrequest {}, {}\n{}", why.index, why.kind,
                     why.time, why.said, why.request.policy, policy::to_string(why.request.request),
                     asker_of(why.request), policy::to_text(why.verdict));
}

std::string to_json(const RecordedWhy& why) {
  codec::JsonObject members =
      policy::verdict_members(why.verdict, why.request.who, why.request.request);
  if (why.request.profile) {
    (void)members.erase("tool");
    members.set("profile", *why.request.profile);
  }
  members.set("record", Json::object({{"index", static_cast<std::int64_t>(why.index)},
                                      {"kind", why.kind},
                                      {"time", why.time},
                                      {"said", why.said},
                                      {"policy", why.request.policy}}));
  return codec::to_json(std::move(members)) + "\n";
}

}  // namespace glovebox::cli
