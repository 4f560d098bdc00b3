#include "plane/route.h"

#include <utility>

#include "base/result.h"
#include "codec/url.h"

namespace glovebox::plane {
namespace {

std::vector<std::string_view> segments(std::string_view path) {
  std::vector<std::string_view> parts;
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::size_t end = path.find('/');
    parts.push_back(path.substr(0, end));
    path = end == std::string_view::npos ? std::string_view() : path.substr(end);
  }
  return parts;
}

}  // namespace

std::optional<std::vector<std::string>> match_pattern(std::string_view pattern,
                                                      std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  const std::vector<std::string_view> wanted = segments(pattern);
  const std::vector<std::string_view> given = segments(path);
  if (wanted.size() != given.size()) return std::nullopt;
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] != "{}") {
      if (wanted[i] != given[i]) return std::nullopt;
      continue;
    }
    Result<std::string> id = codec::percent_decode(given[i]);
    if (!id || id->empty()) return std::nullopt;
    ids.push_back(*std::move(id));
  }
  return ids;
}

std::optional<RouteMatch> find_route(std::string_view method, std::string_view path) {
  std::optional<RouteMatch> best;
  for (const std::span<const Route> table :
       {environment_routes(), work_routes(), session_routes(), event_routes(), control_routes()}) {
    for (const Route& route : table) {
      if (route.method != method) continue;
      std::optional<std::vector<std::string>> ids = match_pattern(route.pattern, path);
      if (ids && (!best || ids->size() < best->ids.size()))
        best = RouteMatch{&route, *std::move(ids)};
    }
  }
  return best;
}

}  // namespace glovebox::plane
