// The parts of a create-session request that become the session's snapshot.
#pragma once

#include "codec/json.h"
#include "plane/environment_store.h"
#include "plane/message.h"

namespace glovebox::plane {

// `agent` is an id, or an object with an id and any fields of the snapshot, which are taken as
// they are; fields that are missing get a plain value. `tools` and `skills` are always arrays.
// Errors: 400.
Answer<codec::Json> agent_snapshot(const codec::Json& body);

// `resources`: memory stores only, at most 8, each with a mount path. Errors: 400, naming the
// environment for the kinds that a self-hosted one refuses.
Answer<codec::JsonArray> session_resources(const codec::Json& body, const Environment& environment);

}  // namespace glovebox::plane
