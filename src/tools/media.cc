#include "tools/media.h"

namespace glovebox::tools {

using namespace std::string_view_literals;

std::optional<Media> media_of(std::string_view head) {
  if (head.starts_with("\x89PNG\r\n\x1a\n"sv)) return Media{MediaKind::image, "image/png"};
  if (head.starts_with("\xff\xd8\xff"sv)) return Media{MediaKind::image, "image/jpeg"};
  if (head.starts_with("GIF87a"sv) || head.starts_with("GIF89a"sv)) {
    return Media{MediaKind::image, "image/gif"};
  }
  if (head.starts_with("RIFF"sv) && head.size() >= 12 && head.substr(8, 4) == "WEBP"sv) {
    return Media{MediaKind::image, "image/webp"};
  }
  if (head.starts_with("%PDF-"sv)) return Media{MediaKind::document, "application/pdf"};
  return std::nullopt;
}

}  // namespace glovebox::tools
