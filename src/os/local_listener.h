// Sockets with a name in the file system. accept_tcp() takes the connections of one that listens.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace glovebox::os {

// What its connections carry: bytes, or whole messages (SOCK_SEQPACKET).
enum class LocalKind : std::uint8_t { stream, message };

// `name` in `folder`, for its owner alone (0600), non-blocking. A socket of that name that nobody
// listens on any more is replaced. Errors: exists (somebody listens there, or it is no socket).
Result<UniqueFd> listen_local(int folder, const std::string& name,
                              LocalKind kind = LocalKind::stream);

// A connection to who listens on `name`, blocking. Errors: not_found (no such name), closed (nobody
// listens there), denied, timeout (those who wait before us are too many).
Result<UniqueFd> connect_local(int folder, const std::string& name, LocalKind kind);

}  // namespace glovebox::os
