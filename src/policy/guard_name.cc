#include "policy/guard_name.h"

#include <algorithm>
#include <string>

#include "policy/normal_path.h"

namespace glovebox::policy {

namespace {

constexpr std::string_view kAnchor = "@workspace";
constexpr std::string_view kWorkspace = "/workspace";

}  // namespace

bool is_guard_name(std::string_view name) {
  if (name.empty() || name.starts_with('@') || name.starts_with('~')) return false;
  if (static_cast<std::size_t>(std::ranges::count(name, '/')) >= kMaxGuardParts) return false;
  return is_normal_path("/" + std::string(name));
}

bool has_plain_pattern(std::string_view name) {
  const std::size_t star = name.find('*');
  if (star == std::string_view::npos) return true;
  // Alone in its component it would stand for everything there.
  return star + 1 == name.size() && star > 0 && name[star - 1] != '/';
}

std::string_view in_workspace(std::string_view path) {
  for (const std::string_view root : {kAnchor, kWorkspace})
    if (path.size() > root.size() && path.starts_with(root) && path[root.size()] == '/')
      return path.substr(root.size() + 1);
  return {};
}

bool has_idle_star(std::string_view path) {
  const std::string_view name = in_workspace(path);
  return name.empty() ? path.contains('*') : !has_plain_pattern(name);
}

bool is_workspace_pattern(std::string_view path) {
  return path.ends_with('*') && !in_workspace(path).empty();
}

std::size_t named_part(std::string_view name, std::string_view rest) {
  if (name.ends_with('*')) {
    name.remove_suffix(1);
    return rest.starts_with(name) ? std::min(rest.find('/', name.size()), rest.size()) : 0;
  }
  const bool is_it =
      rest.starts_with(name) && (rest.size() == name.size() || rest[name.size()] == '/');
  return is_it ? name.size() : 0;
}

bool names_in_workspace(std::string_view name, std::string_view path) {
  if (!is_below(path, kWorkspace)) return false;
  for (std::size_t slash = kWorkspace.size(); slash < path.size();) {
    if (named_part(name, path.substr(slash + 1)) != 0) return true;
    slash = path.find('/', slash + 1);
    if (slash == std::string_view::npos) break;
  }
  return false;
}

}  // namespace glovebox::policy
