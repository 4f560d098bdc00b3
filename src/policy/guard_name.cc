#include "policy/guard_name.h"

#include <algorithm>
#include <string>

#include "policy/normal_path.h"

namespace glovebox::policy {

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

}  // namespace glovebox::policy
