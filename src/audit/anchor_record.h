// The record of kind `anchor`: that a checkpoint was taken by an anchor, or how an anchor stands.
//
//   to    name of the anchor            size  records that it holds
//   how   kind of it: `file`, `syslog`  root  of their tree, in hex
//   state `fresh`, `late`, `drain`      ms    from sending to the answer
//
// An acknowledgement has size, root and ms; a change of state has the age in ms and, when it holds
// something, the size. Names come from the configuration; what an anchor answered is not recorded
// here.
#pragma once

#include <cstdint>
#include <string_view>

#include "audit/anchor_schedule.h"
#include "base/units.h"
#include "codec/json.h"
#include "codec/merkle.h"

namespace glovebox::audit {

codec::JsonObject anchor_acknowledged(std::string_view name, std::string_view how,
                                      const codec::TreeHead& held, Duration took);
codec::JsonObject anchor_changed(const AnchorSchedule& schedule, std::string_view how,
                                 Duration now);

}  // namespace glovebox::audit
