// The policy language as a JSON Schema (draft 4, the part that TOML editors know), made from the
// key table that the readers use.
#pragma once

#include "codec/json.h"

namespace glovebox::policy {

// The root is a policy; `definitions` also has the files that it names: included, cap_file,
// test_file.
codec::Json schema();

}  // namespace glovebox::policy
