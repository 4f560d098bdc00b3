// A draft of a filter text from a seccomp profile of a container engine.
//
// The draft never allows more than the profile does: what a text cannot say, what depends on a
// capability (no box has one), and what no tool may have (floor.h) is left out and named in
// comments. It parses and is proved on every architecture before it is given out. It is a draft
// all the same: each line says that it was imported and is to be reviewed.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "seccomp/oci_profile.h"

namespace glovebox::seccomp {

// The text, sorted by name. Errors: invalid and limit of the profile; internal if the draft is not
// proved.
Result<std::string> import_oci(std::string_view json);

}  // namespace glovebox::seccomp
