#include "audit/tile_folder.h"

#include <fcntl.h>

#include <algorithm>
#include <format>
#include <utility>

#include "os/file.h"

namespace glovebox::audit {

namespace {

constexpr std::string_view kTiles = "tile";
constexpr std::string_view kPartials = ".p";
constexpr unsigned kFolderMode = 0700;
constexpr unsigned kFileMode = 0600;
// In one folder: a thousand tiles, their partials, a thousand folders below, and what was not
// finished.
constexpr std::size_t kMaxNames = 8192;
// Of groups of three digits in an index.
constexpr std::size_t kMaxDepth = 6;

std::size_t most_bytes(const codec::TilePlace& place) {
  return place.width * (place.row.is_entries() ? 2 + codec::kMaxEntryBytes : codec::kHashBytes);
}

std::string full_path(codec::TileRow row, std::uint64_t index) {
  return codec::tile_path({.row = row, .index = index});
}

struct Split {
  std::string folder;
  std::string name;
};
Split split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return {path.substr(0, slash), path.substr(slash + 1)};
}

bool is_missing(const Error& error) {
  return error.kind() == ErrorKind::not_found;
}

// What a write left that was interrupted (os::replace_file).
bool is_unfinished(std::string_view name) {
  return name.starts_with('.');
}

// Of a folder that goes while it is read, as those of partial tiles do: nothing.
Result<std::vector<os::FolderEntry>> entries_of(int folder, const std::string& path) {
  auto entries = os::list_folder(folder, kMaxNames);
  if (!entries && is_missing(entries.error())) return std::vector<os::FolderEntry>();
  return TRY_CONTEXT(std::move(entries), path);
}

}  // namespace

Result<std::optional<UniqueFd>> TileFolder::open_folder(const std::string& path) const {
  auto folder = os::open_at(log_, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
                            os::Resolve::beneath_no_symlinks);
  if (!folder && is_missing(folder.error())) return std::optional<UniqueFd>();
  if (!folder) return std::move(folder).error().with_context(path);
  return std::optional<UniqueFd>(*std::move(folder));
}

Result<std::optional<std::string>> TileFolder::read(const codec::TilePlace& place) const {
  const std::string path = codec::tile_path(place);
  auto file = os::open_at(log_, path, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK,
                          os::Resolve::beneath_no_symlinks);
  if (!file && is_missing(file.error())) return std::optional<std::string>();
  if (!file) return std::move(file).error().with_context(path);
  if (TRY_CONTEXT(os::facts_of(file->get()), path).type != os::FileType::regular)
    return Error(ErrorKind::denied, path + ": not a regular file");
  return std::optional<std::string>(
      TRY_CONTEXT(os::read_all(file->get(), most_bytes(place)), path));
}

Result<std::vector<unsigned>> TileFolder::widths(codec::TileRow row, std::uint64_t index) const {
  std::vector<unsigned> widths;
  const std::string full = full_path(row, index);
  const std::string partials = full + std::string(kPartials);
  if (const auto folder = TRY(open_folder(partials)); folder) {
    for (const os::FolderEntry& entry : TRY(entries_of(folder->get(), partials)))
      if (const auto place = codec::parse_tile_path(partials + '/' + entry.name); place)
        widths.push_back(place->width);
    std::ranges::sort(widths);
  }
  const Split place = split(full);
  const auto folder = TRY(open_folder(place.folder));
  if (folder && os::facts_at(folder->get(), place.name)) widths.push_back(codec::kTileWidth);
  return widths;
}

Result<void> TileFolder::survey_row(codec::TileRow row, const std::string& path, std::size_t depth,
                                    Survey& survey) const {
  const auto folder = TRY(open_folder(path));
  if (!folder) return {};
  for (const os::FolderEntry& entry : TRY(entries_of(folder->get(), path))) {
    if (is_unfinished(entry.name)) continue;
    const std::string below = path + '/' + entry.name;
    const bool deeper = entry.name.starts_with('x') && depth < kMaxDepth;
    const bool partials = entry.name.ends_with(kPartials) && !path.ends_with(kPartials);
    if (entry.type != os::FileType::regular && (deeper || partials)) {
      TRY(survey_row(row, below, depth + 1, survey));
      continue;
    }
    const auto place = codec::parse_tile_path(below);
    if (!place) {
      survey.strange = below;
      continue;
    }
    const auto [last, fresh] = survey.last.emplace(row, *place);
    if (!fresh &&
        std::pair(last->second.index, last->second.width) < std::pair(place->index, place->width))
      last->second = *place;
  }
  return {};
}

Result<TileFolder::Survey> TileFolder::survey() const {
  Survey survey;
  const std::string tiles(kTiles);
  const auto folder = TRY(open_folder(tiles));
  if (!folder) return survey;
  std::vector<codec::TileRow> rows;
  for (unsigned level = codec::kTileLevels; level > 0; --level)
    rows.push_back(codec::TileRow::hashes(level - 1));
  rows.push_back(codec::TileRow::entries());
  for (const os::FolderEntry& entry : TRY_CONTEXT(os::list_folder(folder->get(), kMaxNames), tiles))
    if (!is_unfinished(entry.name) &&
        !std::ranges::contains(rows, entry.name, &codec::TileRow::name))
      survey.strange = tiles + '/' + entry.name;
  for (const codec::TileRow row : rows) TRY(survey_row(row, tiles + '/' + row.name(), 0, survey));
  return survey;
}

// A folder is durable in the one above before something is put into it: also one that is there
// already, which a process may have made that was killed before it could see to that.
Result<UniqueFd> TileFolder::make_folders(const std::string& path) {
  UniqueFd above = TRY_CONTEXT(os::open_at(log_, ".", O_RDONLY | O_DIRECTORY), path);
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string name = path.substr(begin, end - begin);
    if (auto made = os::make_folder(above.get(), name, kFolderMode);
        !made && made.error().kind() != ErrorKind::exists)
      return std::move(made).error().with_context(path);
    TRY_CONTEXT(os::sync(above.get()), path);
    above = TRY_CONTEXT(os::open_at(above.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
                                    os::Resolve::beneath_no_symlinks),
                        path);
    begin = end + 1;
  }
  TRY_CONTEXT(os::remove_unfinished(above.get(), kMaxNames), path);
  return above;
}

Result<void> TileFolder::write(const codec::TilePlace& place, std::string_view bytes) {
  const std::string path = codec::tile_path(place);
  const Split where = split(path);
  Written& last = written_[place.row];
  if (last.path != where.folder)
    last = {.path = where.folder, .folder = TRY(make_folders(where.folder))};
  const auto stored = TRY(read(place));
  if (stored && *stored != bytes)
    return Error(ErrorKind::conflict, path + " is there already, with other bytes");
  if (stored)
    TRY_CONTEXT(os::sync(last.folder.get()), path);  // its name; its bytes are durable before that
  else
    TRY_CONTEXT(os::replace_file(last.folder.get(), where.name, bytes, kFileMode), path);
  return {};
}

Result<void> TileFolder::remove_partials(codec::TileRow row, std::uint64_t index) {
  const Split where = split(full_path(row, index) + std::string(kPartials));
  const auto folder = TRY(open_folder(where.folder));
  if (!folder) return {};
  TRY_CONTEXT(os::remove_tree(folder->get(), where.name), where.folder);
  return {};
}

}  // namespace glovebox::audit
