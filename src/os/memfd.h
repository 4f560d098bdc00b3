// Anonymous memory files that carry bytes between processes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace glovebox::os {

// Writable and sealable; `name` shows in /proc only.
Result<UniqueFd> make_memfd(const char* name);
// Writable, `size` bytes of zeros, sealed against growing and shrinking.
Result<UniqueFd> fixed_memfd(const char* name, std::uint64_t size);
// Holds `bytes`, positioned at their start, sealed against every change.
Result<UniqueFd> sealed_memfd(const char* name, std::string_view bytes);
// How many bytes it holds, which can change no more. Kind protocol: it is not sealed.
Result<std::uint64_t> sealed_size(int fd);
// Refuses (kind protocol) a descriptor that is not sealed against change: its bytes could be
// swapped after they were checked. Refuses (kind limit) more than `limit` bytes.
Result<std::string> read_sealed_memfd(int fd, std::uint64_t limit);

}  // namespace glovebox::os
