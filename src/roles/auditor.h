// The auditor's work, once it is locked down: takes records from the boxer and the supervisor,
// makes them durable, answers.
//
// Everything that waits on the connections is taken into one group and committed with one flush;
// nobody gets an answer before. Tiles and checkpoints are written behind the answers. A peer that
// breaks the protocol loses its connection: whoever cannot record cannot act. The first error of
// the log ends the role.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "audit/auditor.h"
#include "audit/policy_archive.h"
#include "audit/record_store.h"
#include "audit/tree_log.h"
#include "base/clock.h"
#include "base/exit_code.h"
#include "base/log.h"
#include "base/result.h"
#include "codec/json.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "roles/known_secrets.h"

namespace glovebox::roles {

// What one Append asks for. Its members are a JSON object; `sid` and `tu` in it are the session and
// the call, taken out here. Errors: invalid, limit.
Result<audit::AppendRequest> append_request(audit::Writer writer, const ipc::Append& message);

// unknown, intended, or resulted (also when the call was given up: either way it has ended).
ipc::CallState call_state_for_peer(audit::CallState state);

struct AuditorWork {
  audit::Auditor& auditor;          // not started yet
  const audit::RecordStore& store;  // what it writes to
  int folder = -1;                  // where that lies
  audit::Recovered recovered;       // of the log it writes to
  codec::JsonObject boot;           // members of the boot record
  const Clock& clock;
  const Log& log;  // for operators
  // After the disk was full: whether there is space again. None: the role ends without waiting.
  std::function<bool()> has_space = {};
  // Where policies are kept, for the supervisor. None: no policy.load is recorded.
  audit::PolicyArchive* policies = nullptr;
  // What no record may show, told by the supervisor. None: it may not tell.
  KnownSecrets* secrets = nullptr;
};

// Writes `boot`, then serves until the supervisor says stop or is gone: then `stop` and the last
// checkpoint. `peers` by name: "boxer", "supervisor", "egress"; others are refused. A peer that the
// supervisor sends later takes the place of the one with its name. Returns done; log_failed when
// the log cannot be written (the supervisor was told); bug.
ExitCode run_auditor(AuditorWork work, ipc::Channel supervisor,
                     std::map<std::string, ipc::Channel> peers);

}  // namespace glovebox::roles
