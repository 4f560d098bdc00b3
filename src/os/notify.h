// The service manager's notification socket (sd_notify(3)): datagrams on AF_UNIX, by path or by
// abstract name (`@…`).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace glovebox::os {

// Connects now, so that a process that locks itself up later can go on sending. Non-blocking.
// Errors: invalid (neither `/…` nor `@…`, or too long), those of connect(2).
Result<UniqueFd> connect_notify(std::string_view address);
// One datagram. A manager that does not read loses it: kind timeout.
Result<void> send_notify(int socket, std::string_view message);

}  // namespace glovebox::os
