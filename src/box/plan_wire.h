// A plan as bytes, on its way from the boxer to the keeper.
//
// decode_plan() refuses (kind protocol) whatever encode_plan() would not have written: short or
// overlong input, choices and counts out of range, paths that are not absolute, a filter whose
// digest is another.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "box/plan.h"
#include "ipc/wire.h"

namespace glovebox::box {

std::string encode_plan(const BoxPlan& plan);
Result<BoxPlan> decode_plan(std::string_view bytes);

// The part of it that other messages have as well. Error: protocol.
void write_egress(ipc::Writer& writer, const EgressPlan& egress);
Result<EgressPlan> read_egress(ipc::Reader& reader);

}  // namespace glovebox::box
