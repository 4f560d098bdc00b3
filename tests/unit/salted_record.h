// A record as tests make many: its commitments have a salt that nobody keeps.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "audit/record.h"
#include "audit/salt.h"
#include "base/clock.h"

namespace glovebox::test {

inline Result<std::string> salted_record(audit::RecordKind kind, const audit::RecordStamp& stamp,
                                         std::string_view session, std::string_view tool_use,
                                         codec::JsonObject members) {
  SystemRandom random;
  audit::Commitments commitments(random);
  return audit::build_record(kind, stamp, session, tool_use, std::move(members), commitments);
}

}  // namespace glovebox::test
