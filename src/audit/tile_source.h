// Where tiles are read from: a folder (tile_folder.h), or memory.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/digest.h"
#include "codec/tlog_tile.h"

namespace glovebox::audit {

class TileSource {
 public:
  virtual ~TileSource() = default;
  // One tile or bundle as it is stored; nothing if there is none. Errors: denied (no regular file),
  // limit (larger than any of that width), those of the kernel.
  virtual Result<std::optional<std::string>> read(const codec::TilePlace& place) const = 0;
};

// What the tile of this width holds: read from it, or from the front of the full one, since a log
// may give partial tiles up when there is that. Errors: not_found, conflict (what is stored is no
// tile of its width), those of the source.
Result<std::string> read_front(const TileSource& source, const codec::TilePlace& place);
Result<std::vector<codec::Sha256Digest>> read_hashes(const TileSource& source,
                                                     const codec::TilePlace& place);

}  // namespace glovebox::audit
