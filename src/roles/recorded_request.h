// What a decision of the log was about, in the grammar of requests, and whom it was for.
//
//   tool.intent, tool.deny   tool NAME
//   sys.deny                 syscall NAME(arg0=…): the arguments that the record shows, others 0
//   fs.deny                  write PATH
//   net.open, net.deny       connect HOST:PORT; METHOD URL where the request was seen; resolve NAME
//
// Traffic belongs to a tool where its record names one. Calls that share a network cannot be told
// apart: there the record names the profile that they have in common, and that decides.
//
// Pure. What is made of a record decides nothing: a record is a file's text. A policy then says
// what it says about the request; that it says the same as the record is for people to see.
#pragma once

#include <optional>
#include <string>

#include "audit/recorded_decision.h"
#include "base/result.h"
#include "policy/policy.h"
#include "policy/request.h"

namespace glovebox::roles {

struct RecordedRequest {
  std::string policy;  // the digest of the one that was in force
  policy::Day day{};   // of the record
  policy::Who who;
  std::optional<std::string> profile;  // decides instead of the tool of `who`, which is then empty
  policy::Request request;
};

// Error invalid, saying what the record does not say: it belongs to no call, it stands for several
// requests, its session.open is not in the log, a value was too long to be written.
Result<RecordedRequest> request_of(const audit::RecordedDecision& decision);

}  // namespace glovebox::roles
