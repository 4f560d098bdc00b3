// What a selftest found out, row by row, and what that comes to.
//
// Good ends are `denied` for what must not work and `works` for what must: a row of each kind has
// its opposite as the bad end, so that an attempt that was never made cannot pass for a denied one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/exit_code.h"
#include "base/result.h"
#include "cli/options.h"
#include "codec/json.h"

namespace glovebox::cli {

struct SelftestRow {
  enum class End : std::uint8_t {
    denied,
    works,
    absent,   // the policy does not give what the row is about, so there is nothing to try
    through,  // an attack got through
    odd,      // it was refused, but by no wall that it was made for
    broken,   // a legitimate use does not work
    not_run,
  };
  std::string id;    // of the attack list; `use` for a legitimate use
  std::string what;  // for people
  End end = End::not_run;
  std::string detail;
};

std::string_view to_string(SelftestRow::End end);
bool is_good(SelftestRow::End end);

codec::Json to_json(const SelftestRow& row);
// Errors: protocol.
Result<SelftestRow> row_from_json(const codec::Json& json);

// One line for each row and one for the sum; or one JSON object.
std::string selftest_text(const std::vector<SelftestRow>& rows, std::string_view policy,
                          OutputForm form);
// 0, or 1 when any row is not good or there is none.
ExitCode selftest_code(const std::vector<SelftestRow>& rows);

// From `prot` of a call (call_record.h): the layers that the box lacks, against those that the rung
// of the ladder has.
SelftestRow layers_row(const codec::Json& protection);

}  // namespace glovebox::cli
