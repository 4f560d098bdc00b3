// Rehearsals from files.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "plane/rehearsal.h"

namespace glovebox::plane {

constexpr std::uint64_t kMaxRehearsalBytes = 1 << 20;

// Errors: those of reading; invalid with the diagnostics as text, one per line.
Result<Rehearsal> read_rehearsal(const std::string& path);

// Every `*.toml` of a folder, under its name without `.toml`. Errors as read_rehearsal: one bad
// file refuses the folder.
Result<Rehearsals> read_rehearsal_folder(const std::string& folder);

}  // namespace glovebox::plane
