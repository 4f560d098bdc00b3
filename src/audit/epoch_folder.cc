#include "audit/epoch_folder.h"

#include <utility>

namespace glovebox::audit {

Result<EpochKeeper> open_epochs(const LogDirectory& directory, EpochKeyFile& file,
                                const codec::NoteKey& log_key, const LogEpochs& log,
                                Random& random) {
  EpochKeeper keeper = TRY(EpochKeeper::open(file, log_key.name(), log, random));
  if (const auto enrolment = keeper.take_enrolment())
    TRY(directory.replace(kEpoch0Name, enrolment->epoch0.to_string() + "\n"));
  return keeper;
}

}  // namespace glovebox::audit
