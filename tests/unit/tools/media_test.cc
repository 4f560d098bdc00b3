#include "tools/media.h"

#include <string>

#include "support.h"

using namespace glovebox::tools;

using namespace std::string_literals;

TEST_CASE("files are told by their first bytes") {
  const struct {
    std::string head;
    const char* type;  // empty: text
  } rows[] = {
      {"", ""},
      {"\x89PN", ""},
      {"RIFF....WAVE", ""},
      {"RIFF....WEB", ""},
      {"GIF88a", ""},
      {"%PDF", ""},
      {"\x89PNG\r\n\x1a\n", "image/png"},
      {"\xff\xd8\xff\xe0", "image/jpeg"},
      {"GIF87a", "image/gif"},
      {"GIF89a", "image/gif"},
      {"RIFF\0\0\0\0WEBP"s, "image/webp"},
      {"%PDF-2.0", "application/pdf"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.head);
    const auto media = media_of(row.head);
    CHECK((media ? media->type : "") == row.type);
  }
}
