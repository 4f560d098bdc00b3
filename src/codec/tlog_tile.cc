#include "codec/tlog_tile.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <optional>

namespace glovebox::codec {

namespace {

constexpr std::string_view kRoot = "tile/";
constexpr std::string_view kPartial = ".p/";
constexpr std::size_t kGroupDigits = 3;
constexpr std::uint64_t kGroup = 1000;
constexpr std::size_t kLengthBytes = 2;

Error not_a_tile() {
  return Error(ErrorKind::invalid, "not the name of a tile");
}

// Decimal digits and nothing else, zeros in front too.
std::optional<std::uint64_t> number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

Result<TileRow> parse_row(std::string_view name) {
  if (name == TileRow::entries().name()) return TileRow::entries();
  for (unsigned level = 0; level < kTileLevels; ++level)
    if (name == TileRow::hashes(level).name()) return TileRow::hashes(level);
  return not_a_tile();
}

Result<std::uint64_t> parse_index(std::string_view path) {
  std::uint64_t index = 0;
  while (true) {
    const bool more = path.starts_with('x');
    if (more) path.remove_prefix(1);
    const auto group = number(path.substr(0, kGroupDigits));
    if (!group || path.size() < kGroupDigits || index > kMaxTileIndex / kGroup) return not_a_tile();
    index = index * kGroup + *group;
    path.remove_prefix(kGroupDigits);
    if (!more) break;
    if (!path.starts_with('/')) return not_a_tile();
    path.remove_prefix(1);
  }
  if (!path.empty() || index > kMaxTileIndex) return not_a_tile();
  return index;
}

}  // namespace

std::string TileRow::name() const {
  return is_entries() ? "entries" : std::to_string(row_);
}

std::string tile_path(const TilePlace& place) {
  std::string index = std::format("{:03}", place.index % kGroup);
  for (std::uint64_t rest = place.index / kGroup; rest > 0; rest /= kGroup)
    index = std::format("x{:03}/{}", rest % kGroup, index);
  std::string path = std::format("{}{}/{}", kRoot, place.row.name(), index);
  if (!place.is_full()) path += std::format("{}{}", kPartial, place.width);
  return path;
}

Result<TilePlace> parse_tile_path(std::string_view path) {
  const std::string_view whole = path;
  if (!path.starts_with(kRoot)) return not_a_tile();
  path.remove_prefix(kRoot.size());
  const std::size_t slash = path.find('/');
  if (slash == path.npos) return not_a_tile();
  TilePlace place{.row = TRY(parse_row(path.substr(0, slash)))};
  path.remove_prefix(slash + 1);
  if (const std::size_t mark = path.find(kPartial); mark != path.npos) {
    const auto width = number(path.substr(mark + kPartial.size()));
    if (!width || *width == 0 || *width >= kTileWidth) return not_a_tile();
    place.width = static_cast<unsigned>(*width);
    path = path.substr(0, mark);
  }
  place.index = TRY(parse_index(path));
  // Numbers with zeros or groups too many are other spellings of a place.
  if (tile_path(place) != whole) return not_a_tile();
  return place;
}

Result<std::vector<Sha256Digest>> parse_hash_tile(std::string_view bytes, unsigned width) {
  if (bytes.size() != width * kHashBytes)
    return Error(ErrorKind::invalid, std::format("not a tile of {} hashes", width));
  std::vector<Sha256Digest> hashes(width);
  for (Sha256Digest& hash : hashes) {
    std::ranges::copy(bytes.substr(0, kHashBytes), hash.bytes.begin());
    bytes.remove_prefix(kHashBytes);
  }
  return hashes;
}

std::string format_hash_tile(std::span<const Sha256Digest> hashes) {
  std::string bytes;
  bytes.reserve(hashes.size() * kHashBytes);
  for (const Sha256Digest& hash : hashes) bytes += hash.view();
  return bytes;
}

Result<std::vector<std::string_view>> parse_bundle(std::string_view bytes, unsigned width) {
  const auto bad = [&] {
    return Error(ErrorKind::invalid, std::format("not a bundle of {} entries", width));
  };
  std::vector<std::string_view> entries;
  entries.reserve(width);
  while (entries.size() < width) {
    if (bytes.size() < kLengthBytes) return bad();
    const std::size_t length = static_cast<std::size_t>(static_cast<unsigned char>(bytes[0])) << 8 |
                               static_cast<unsigned char>(bytes[1]);
    bytes.remove_prefix(kLengthBytes);
    if (bytes.size() < length) return bad();
    entries.push_back(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  if (!bytes.empty()) return bad();
  return entries;
}

Result<void> append_to_bundle(std::string& bundle, std::string_view entry) {
  if (entry.size() > kMaxEntryBytes)
    return Error(ErrorKind::limit, std::format("an entry of {} bytes", entry.size()));
  bundle += static_cast<char>(entry.size() >> 8);
  bundle += static_cast<char>(entry.size() & 0xFF);
  bundle += entry;
  return {};
}

}  // namespace glovebox::codec
