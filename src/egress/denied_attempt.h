// One net.deny record, read back: what egress refused, to whom, and why. See net_record.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "audit/record.h"

namespace glovebox::egress {

// Texts are those of the record: of unknown origin, whoever wrote the log.
struct DeniedAttempt {
  std::uint64_t record = 0;  // its index
  std::string profile;       // empty: the record names none
  std::string host;          // as it was asked for; empty: none could be read
  std::uint16_t port = 0;    // 0: none was seen
  std::string mode;          // `http`, `inspect`, `sni`, `raw`, `tcp`, `dns`
  std::string method, path;  // empty: not seen, or too long to be on record
  std::string rule;          // file:line; empty: no rule said it
  std::string why;
  std::uint64_t times = 1;  // floods are on record once
};

// Nothing for a record of another kind. What it does not say, or not as a plain value, stays empty.
std::optional<DeniedAttempt> denied_attempt(std::uint64_t index, const audit::Record& record);

}  // namespace glovebox::egress
