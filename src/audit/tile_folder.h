// The tiles of a log in its folder: `tile/` (C2SP tlog-tiles), read and written.
//
// Confined: every name is resolved below the folder of the log, and no symbolic link is followed.
// A tile is written once, durably, and never changed; its bytes appear under its name whole or not
// at all. Nothing is decided here: what is to be written, and when, is tile_store.h's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/log_directory.h"
#include "audit/tile_source.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "codec/tlog_tile.h"

namespace glovebox::audit {

class TileFolder final : public TileSource {
 public:
  // `log` outlives the folder.
  explicit TileFolder(const LogDirectory& log) : log_(log.fd()) {}

  Result<std::optional<std::string>> read(const codec::TilePlace& place) const override;

  // The widths under which the tile is stored, rising; kTileWidth is the full one.
  Result<std::vector<unsigned>> widths(codec::TileRow row, std::uint64_t index) const;

  // What there is, by names alone. Rows from the top down, entries last: of a log that is being
  // written to, the entries of all hashes that were seen are there.
  struct Survey {
    std::map<codec::TileRow, codec::TilePlace> last;  // of each row that has tiles: the widest
                                                      // under the highest index
    std::optional<std::string> strange;               // a name that no tile has
  };
  Result<Survey> survey() const;

  // Makes the folders that are missing. What is there already must be the same bytes. Errors:
  // conflict (other bytes), those of the kernel.
  Result<void> write(const codec::TilePlace& place, std::string_view bytes);
  // Removes the partial tiles of a place that has a full one. None is no error.
  Result<void> remove_partials(codec::TileRow row, std::uint64_t index);

 private:
  Result<std::optional<UniqueFd>> open_folder(const std::string& path) const;
  Result<UniqueFd> make_folders(const std::string& path);
  Result<void> survey_row(codec::TileRow row, const std::string& path, std::size_t depth,
                          Survey& survey) const;

  int log_;
  // The last folder of each row that was written to; an open one that was removed takes no files.
  struct Written {
    std::string path;
    UniqueFd folder;
  };
  std::map<codec::TileRow, Written> written_;
};

}  // namespace glovebox::audit
