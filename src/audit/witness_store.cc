#include "audit/witness_store.h"

#include "codec/checkpoint.h"
#include "codec/digest.h"

namespace glovebox::audit {

Result<std::optional<std::string>> WitnessFolder::load(std::string_view origin) {
  return folder_.read(codec::sha256(origin).hex(), codec::kMaxCheckpointBytes);
}

Result<void> WitnessFolder::store(std::string_view origin, std::string_view note) {
  TRY(folder_.check_in_place());
  return folder_.replace(codec::sha256(origin).hex(), note);
}

}  // namespace glovebox::audit
