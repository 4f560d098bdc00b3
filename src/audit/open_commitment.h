// Which commitment of a record a payload opens (salt.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "audit/salt.h"
#include "codec/json.h"

namespace glovebox::audit {

struct Opened {
  std::vector<std::string> places;  // JSON pointers (RFC 6901) of those that it opens
  std::vector<std::string> others;  // and of the others
};
// Of all of the record; a member that only looks like one is among the others. `{"c", "n"}` and
// what a long value was cut to.
Opened open_commitments(const codec::Json& record, const Salt& salt, std::string_view payload);

}  // namespace glovebox::audit
