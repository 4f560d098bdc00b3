// Small kernel settings of one process: resource limits, keyring, host name, loopback, seccomp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glovebox::os {

enum class Resource {
  core,
  cpu_seconds,
  file_size,
  locked_memory,
  files,
  message_queues,
  pending_signals,
  processes,
  stack
};
// Soft and hard limit at once; never raises a hard limit without the right to.
Result<void> set_limit(Resource resource, std::uint64_t value);
std::uint64_t limit_of(Resource resource);  // the hard limit
std::uint64_t soft_limit_of(Resource resource);
// The soft limit up to the hard one, but not above `wanted`; gives what it is now.
Result<std::uint64_t> raise_soft_limit(Resource resource, std::uint64_t wanted);

Result<void> join_new_session_keyring();  // nothing of the maker's keyrings is reachable
Result<void> set_host_name(const std::string& name);
Result<void> bring_loopback_up();

// Loads a classic BPF program (8 bytes an instruction) as this thread's filter.
Result<void> load_filter(std::string_view program);

// Writes a sysctl that was opened before /proc disappeared from view.
Result<void> write_sysctl(int path_fd, std::string_view value);

std::string kernel_release();
std::string host_name();

}  // namespace glovebox::os
