// Tiles and bundles. An input is the name of one, a line feed, and its bytes: a place has one name,
// and what is taken for its bytes is written as the same.
#include "codec/tlog_tile.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using namespace glovebox::codec;

namespace {

// The bytes again, made from what was read; empty when they were refused.
std::string written_again(const TilePlace& place, std::string_view bytes) {
  std::string again;
  if (place.row.is_entries()) {
    const auto entries = parse_bundle(bytes, place.width);
    if (!entries) return "";
    for (const std::string_view entry : *entries) append_to_bundle(again, entry).value();
  } else if (const auto hashes = parse_hash_tile(bytes, place.width)) {
    again = format_hash_tile(*hashes);
  }
  return again;
}

}  // namespace

bool fuzz_accepts(std::string_view input) {
  const std::size_t end = std::min(input.find('\n'), input.size());
  const auto place = parse_tile_path(input.substr(0, end));
  return place && end < input.size() && !written_again(*place, input.substr(end + 1)).empty();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(input.find('\n'), input.size());
  const auto place = parse_tile_path(input.substr(0, end));
  if (!place) return 0;
  if (tile_path(*place) != input.substr(0, end)) __builtin_trap();
  if (end == input.size()) return 0;
  const std::string_view bytes = input.substr(end + 1);
  const std::string again = written_again(*place, bytes);
  if (!again.empty() && again != bytes) __builtin_trap();
  return 0;
}
