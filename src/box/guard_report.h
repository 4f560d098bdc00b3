// What a sweep of guarded names found and did, as data, and its form in messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ipc/wire.h"
#include "os/file.h"

namespace glovebox::box {

struct TreeSize {
  std::uint64_t bytes = 0;  // on the disk
  std::uint64_t files = 0;  // names, the first included
  bool is_whole = true;     // all of it was counted
};

enum class Fate : std::uint8_t {
  quarantined,  // `place` is its number
  put_aside,    // in its folder, as `place`: it could not leave it
  removed,
  left,  // `place` says why
};

struct Moved {
  Fate fate = Fate::left;
  std::string place;
  TreeSize size;
};

// What was found under one name.
struct SweptName {
  std::string path;  // below the workspace
  os::FileType type = os::FileType::other;
  std::string rule;  // file:line of the guard
  Moved moved;
};

struct GuardReport {
  std::vector<SweptName> names;  // the first kMaxSweptNames
  std::uint64_t more = 0;        // and how many others
  bool is_whole = true;          // the search was, see guard_search.h
  // What could not be moved away; no call runs until it is gone.
  std::string left;
  bool is_quiet() const { return names.empty() && more == 0 && is_whole && left.empty(); }
};
// Told one by one.
inline constexpr std::size_t kMaxSweptNames = 16;

std::string_view to_string(Fate fate);
std::string_view kind_name(os::FileType type);

// A report as bytes, for messages.
void write_guard_report(ipc::Writer& writer, const GuardReport& report);
Result<GuardReport> read_guard_report(ipc::Reader& reader);

}  // namespace glovebox::box
