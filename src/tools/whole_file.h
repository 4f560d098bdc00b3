// A file as one string, and back: bounded reading, and saving that is all or nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "tools/confined.h"

namespace glovebox::tools {

struct FileBytes {
  std::string bytes;
  bool is_cut = false;  // there is more than was asked for
};

// From where `fd` stands to the end, but at most `limit` bytes. To tell whether more follows it
// reads one byte further, so nobody can go on reading where it stopped.
Result<FileBytes> read_whole(int fd, std::uint64_t limit);

// Saves `bytes` at the place: parents made, a new file of a random name beside it (O_EXCL, 0600, or
// the permission bits of the file that is there), synced, renamed over it. On failure nothing is
// left behind. A link that was put there meanwhile is replaced, never followed.
Result<> save_whole(const Place& place, std::string_view bytes, Random& random);

}  // namespace glovebox::tools
