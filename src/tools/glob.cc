#include "tools/glob.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <format>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "codec/utf8.h"
#include "os/beneath.h"
#include "tools/confined.h"
#include "tools/glob_pattern.h"
#include "tools/input.h"
#include "tools/walk.h"

namespace glovebox::tools {
namespace {

constexpr std::string_view kNoMatches = "no matches";

struct Found {
  std::int64_t modified;
  std::string path;
};

std::string_view text_of(GlobError error) {
  switch (error) {
    case GlobError::absolute:
      return "glob: absolute pattern not permitted; pass a relative pattern (and optionally path)";
    case GlobError::dot_dot:
      return "glob: \"..\" is not permitted in the pattern";
    case GlobError::too_many_alternatives:
      return "glob: the pattern has too many alternatives";
  }
  return "glob: invalid pattern";
}

// Where the walk begins: the search root, or the folder below it that the pattern names.
struct Start {
  Place place;
  std::string shown;  // what the paths begin with
  GlobPattern pattern;
};

bool has_never_searched(std::string_view folder) {
  while (!folder.empty()) {
    const std::size_t end = std::min(folder.find('/'), folder.size());
    if (is_never_searched(folder.substr(0, end))) return true;
    folder.remove_prefix(std::min(end + 1, folder.size()));
  }
  return false;
}

// nullopt: the pattern's folder does not lead to one below the search root that may be searched.
std::optional<Start> start_of(const Roots& roots, Place search, GlobPattern pattern) {
  const std::string folder = pattern.literal_folder();
  std::string shown = search.path;
  if (folder.empty()) return Start{std::move(search), std::move(shown), std::move(pattern)};
  if (has_never_searched(folder)) return std::nullopt;
  shown += '/' + folder;
  auto place = locate(roots, shown);
  if (!place || !is_within(search.path, place->path)) return std::nullopt;
  return Start{std::move(*place), std::move(shown), pattern.below_literal_folder()};
}

bool is_absent(const Error& error) {
  return error.error_number() == ENOENT || error.error_number() == ENOTDIR;
}

struct Search {
  std::vector<Found> found;
  WalkEnd end;
};

Search search(int start, const Start& from, const ToolLimits& limits) {
  Search result;
  // Of each folder that was entered; a parent is always entered before its subfolders.
  std::unordered_map<std::string, GlobPattern::Progress> progress{{"", from.pattern.start()}};
  const WalkVisitor visitor{
      .enters =
          [&](std::string_view parent, std::string_view name) {
            auto next = from.pattern.enter(progress.at(std::string(parent)), name);
            if (next.empty()) return false;
            progress.emplace(joined_path(parent, name), std::move(next));
            return true;
          },
      .file =
          [&](int folder, std::string_view parent, std::string_view name) {
            if (!from.pattern.matches_file(progress.at(std::string(parent)), name)) return true;
            const auto status = os::status_at(folder, name);
            if (!status || status->kind != os::FileStatus::Kind::regular) return true;
            result.found.push_back(
                {status->modified, from.shown + '/' + joined_path(parent, name)});
            return true;
          }};
  const WalkLimits walk{limits.max_walk_entries, std::numeric_limits<std::size_t>::max()};
  result.end = walk_files(start, walk, visitor);
  return result;
}

std::string shown_lines(Search result, const ToolLimits& limits) {
  std::vector<Found>& found = result.found;
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return a.modified != b.modified ? a.modified > b.modified : a.path < b.path;
  });
  const std::size_t shown = std::min(found.size(), limits.max_glob_results);
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) text += '\n';
    text += codec::visible_text(found[i].path);
  }
  if (shown == 0) text = kNoMatches;
  if (shown < found.size()) text += std::format("\n[{} more left out]", found.size() - shown);
  if (result.end.is_cut) {
    text += std::format("\n[the search was cut short after {} entries]", limits.max_walk_entries);
  }
  if (result.end.unreadable > 0) {
    text += std::format("\n[{} folder(s) could not be read]", result.end.unreadable);
  }
  return text;
}

}  // namespace

ToolResult run_glob(const codec::Json& json, const Roots& roots, const ToolLimits& limits) {
  auto input = glob_input(json);
  if (!input) return std::move(input).error();
  auto pattern = GlobPattern::compile(input->pattern);
  if (!pattern) return error_result(std::string(text_of(pattern.error())));
  auto place = locate(roots, input->path.empty() ? "." : input->path);
  if (!place) return error_result(std::move(place).error().text);
  const auto start = start_of(roots, std::move(*place), std::move(*pattern));
  if (!start) return text_result(std::string(kNoMatches));
  auto folder = open_directory(start->place);
  if (!folder) {
    Search nothing;
    if (!is_absent(folder.error())) nothing.end.unreadable = 1;
    return text_result(shown_lines(std::move(nothing), limits));
  }
  return text_result(shown_lines(search(folder->get(), *start, limits), limits));
}

}  // namespace glovebox::tools
