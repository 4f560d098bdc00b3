// Files that the model sees as what they are: told by their first bytes, never by their name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace glovebox::tools {

enum class MediaKind : std::uint8_t { image, document };

struct Media {
  MediaKind kind;
  std::string_view type;  // image/png, image/jpeg, image/gif, image/webp, application/pdf
};

constexpr std::size_t kMediaHeadBytes = 12;

// `head` is the beginning of the file, kMediaHeadBytes or the whole of a shorter one.
std::optional<Media> media_of(std::string_view head);

}  // namespace glovebox::tools
