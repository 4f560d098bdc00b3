// The file `epoch.key` in the directory of the log: 0600, ours, with one name, as log_directory.h.
#pragma once

#include <optional>
#include <string_view>

#include "audit/epoch_keeper.h"
#include "audit/log_directory.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/unique_fd.h"
#include "os/file.h"

namespace glovebox::audit {

class EpochKeyFile final : public EpochFile {
 public:
  // `log` is open for writing and outlives this.
  explicit EpochKeyFile(const LogDirectory& log) : log_(log) {}

  // Errors: conflict (another size), denied (a link, not ours, not 0600, a second name), those of
  // the kernel.
  Result<std::optional<Secret>> read() override;
  // Error: exists (there is one), those of the kernel.
  Result<void> make(std::string_view bytes) override;
  // The file is still where it was opened: conflict otherwise. Written and flushed (fdatasync).
  Result<void> write_slot(std::size_t slot, std::string_view bytes) override;

 private:
  Result<bool> open();
  Result<void> check_in_place() const;

  const LogDirectory& log_;
  UniqueFd file_;
  os::FileFacts facts_;
};

}  // namespace glovebox::audit
