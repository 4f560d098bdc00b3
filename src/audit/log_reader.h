// Reads the records of a log folder in order, sealed or not, while the auditor may be writing to
// it.
//
// Sealed records come from the bundles; what is behind the checkpoint from the write-ahead log, as
// far as whole groups go. Nothing is verified (verify_tiles.h does that): only what is needed to
// tell one record from the next.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "audit/log_directory.h"
#include "audit/record_source.h"
#include "base/result.h"

namespace glovebox::audit {

class LogReader final : public RecordSource {
 public:
  // `path`: the folder of a log. Errors: not_found (no log there), denied (links), io.
  static Result<LogReader> open(const std::string& path);
  LogReader(LogReader&&) noexcept;
  LogReader& operator=(LogReader&&) noexcept;
  ~LogReader() override;

  // Records that were there when it was opened, or at the last call of refresh().
  Result<std::optional<StoredRecord>> next() override;
  // The next record is that with this index, or the first behind it.
  void skip_to(std::uint64_t index);
  // Takes up what was written since. Errors: as open().
  Result<void> refresh();

  // How many records the checkpoint speaks of (whoever signed it).
  std::uint64_t sealed() const;
  const LogDirectory& directory() const;

 private:
  struct State;
  explicit LogReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace glovebox::audit
