// What a witness knows, in a folder of its own: for each log a file with the last checkpoint that
// was cosigned, as the log sent it. Its name is the SHA-256 of the log's origin in hex.
//
// The folder is as that of a log (log_directory.h): ours, 0700, one witness at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "audit/log_directory.h"
#include "audit/witness.h"
#include "base/result.h"

namespace glovebox::audit {

class WitnessFolder final : public WitnessStore {
 public:
  // `folder` is open for writing and outlives this.
  explicit WitnessFolder(const LogDirectory& folder) : folder_(folder) {}

  Result<std::optional<std::string>> load(std::string_view origin) override;
  // Also: conflict (the folder was moved or replaced).
  Result<void> store(std::string_view origin, std::string_view note) override;

 private:
  const LogDirectory& folder_;
};

}  // namespace glovebox::audit
