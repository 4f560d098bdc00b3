#include "policy/normal_path.h"

namespace glovebox::policy {

bool is_normal_path(std::string_view path) {
  if (path.size() > 4096 || !path.starts_with('/') || path.find('\0') != std::string_view::npos)
    return false;
  if (path == "/") return true;
  if (path.ends_with('/')) return false;
  std::string_view rest = path.substr(1);
  while (true) {
    const auto slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (part.empty() || part == "." || part == ".." || part.size() > 255) return false;
    if (slash == std::string_view::npos) return true;
    rest.remove_prefix(slash + 1);
  }
}

bool is_below(std::string_view path, std::string_view folder) {
  return path == folder || (path.starts_with(folder) && path.size() > folder.size() &&
                            (folder == "/" || path[folder.size()] == '/'));
}

}  // namespace glovebox::policy
