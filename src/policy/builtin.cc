#include "policy/builtin.h"

#include <iterator>

#include "policy/embedded_policies.h"

namespace glovebox::policy {

std::optional<std::string_view> builtin(std::string_view name) {
  for (const auto& [file, text] : kEmbeddedPolicies)
    if (file == name) return text;
  return std::nullopt;
}

std::vector<std::string_view> builtin_names() {
  std::vector<std::string_view> names;
  names.reserve(std::size(kEmbeddedPolicies));
  for (const auto& [file, text] : kEmbeddedPolicies) names.push_back(file);
  return names;
}

}  // namespace glovebox::policy
