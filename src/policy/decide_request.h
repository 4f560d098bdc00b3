// What becomes of one request of one caller, and why: the same words for `policy why`, for tests
// and for records.
//
// The chain is bind → profile → denials and approvals of the tool → rule → cap → who enforces it. A
// call of a tool that needs an approval is asked about, and without an answer denied; nothing that
// it does is allowed before.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/judge.h"
#include "policy/policy.h"
#include "policy/request.h"

namespace glovebox::policy {

struct FilePlace;

enum class Answer { deny, ask, allow };  // in the order of what they permit

inline constexpr std::string_view kEnforcedBy = "enforced by";
// Before the words of a cap that does not allow what the profile does.
inline constexpr std::string_view kBeyondCap = "beyond the cap: ";

struct TraceStep {
  std::string_view stage;  // `bind`, `profile`, `approval`, `rule`, `cap`, `enforced by`; static
  std::string words;
  std::optional<Origin> origin;  // absent: no line of the policy says it
};

struct Verdict {
  Answer answer = Answer::deny;
  std::vector<TraceStep> trace;
  std::optional<Origin> rule;  // the line that decided
  std::string words;           // one sentence; names only what the policy and the request name

  bool allow() const { return answer == Answer::allow; }
};

// The answer alone: makes no text, allocates nothing.
Answer answer_request(const Policy& policy, const Filters& filters, const Who& who,
                      const Request& request);
Verdict decide_request(const Policy& policy, const Filters& filters, const Who& who,
                       const Request& request);
// The same where only the profile is known, as of traffic of a network that several calls share:
// the chain begins with the profile, and no tool, bind or approval is asked about. Of requests that
// are decided by a profile alone: files, connections, HTTP, names, system calls, limits; others are
// denied.
Verdict decide_in_profile(const Policy& policy, const Filters& filters, std::string_view profile,
                          const Request& request);

// What a ruling of that profile says, without its place.
std::string ruling_words(const Ruling& ruling, const Profile& profile);
// Records keep the words and not the ruling. Why egress refused something, of words that
// ruling_words() made; nothing: no rule was asked, or these are other words.
std::optional<Reason> egress_reason(std::string_view words);

// A tool that the caller may call, and what it gets then.
struct ToolRuling {
  Answer answer = Answer::deny;
  const Profile* profile = nullptr;  // null: denied
  Decision decision;
  std::vector<const Approval*> approvals;  // all of them are needed
};
ToolRuling rule_tool(const Policy& policy, const Who& who);

// The request is about the workspace or /tmp, and the cap does not name them: then it does not
// bound them, since without them there is no box to bound.
bool leaves_anchors(const FileRequest& request, const FilePlace& in_cap);

// Whether and how a caller may use a secret at an endpoint.
struct SecretRuling {
  bool allowed = false;
  const Origin* rule = nullptr;
  std::string words;
};
SecretRuling rule_secret(const Policy& policy, const Profile& profile, std::string_view tool,
                         const SecretRequest& request);

}  // namespace glovebox::policy
