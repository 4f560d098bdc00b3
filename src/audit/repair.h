// Goes on without what a damaged write-ahead log has lost, once somebody has said so.
//
// What can still be read becomes sealed first; the damaged segments are set aside, never removed.
// The next start records the loss as its first record (`gap`), and every check of the log says that
// records were lost. A loss that goes behind the end of an epoch has no repair: the secrets with
// which the log would go on there are gone. Sealed records are not touched: damage among them has
// no repair, the log is another history then.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "audit/wal_state.h"
#include "base/clock.h"
#include "base/result.h"

namespace glovebox::audit {

struct Repair {
  std::uint64_t records = 0;  // the log holds from now on, all of them sealed
  WalGap gap;
};

// Nothing: nothing is damaged. As the user that the folder belongs to. Errors: conflict (sealed
// records are damaged, no key, a loss behind the end of an epoch), exists (an auditor runs),
// denied, not_found (no log), io.
Result<std::optional<Repair>> accept_loss_of_log(const std::string& path, Random& random);

}  // namespace glovebox::audit
