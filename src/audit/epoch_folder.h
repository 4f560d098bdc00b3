// The keys of a log's epochs where they lie, in the folder of the log: `epoch.key` with the
// secrets, and `epoch0.pub`, the public key with which the whole chain is checked. That one is
// written before the first record, and never again. A copy of it that is kept elsewhere is what
// makes a check worth something (`--epoch0`).
#pragma once

#include <string_view>

#include "audit/epoch_file.h"
#include "audit/epoch_keeper.h"
#include "audit/epoch_plan.h"
#include "audit/log_directory.h"
#include "base/clock.h"
#include "base/result.h"
#include "codec/note.h"

namespace glovebox::audit {

constexpr std::string_view kEpoch0Name = "epoch0.pub";

// `file` and `random` outlive the keeper. `log`: what all durable records say. Errors: those of
// EpochKeeper::open and of the directory.
Result<EpochKeeper> open_epochs(const LogDirectory& directory, EpochKeyFile& file,
                                const codec::NoteKey& log_key, const LogEpochs& log,
                                Random& random);

}  // namespace glovebox::audit
