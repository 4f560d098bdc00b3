// The shipped policies, as they stand in policy/ of the source.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace glovebox::policy {

// `default`, `strict`; nullopt for any other name. Static storage.
std::optional<std::string_view> builtin(std::string_view name);
std::vector<std::string_view> builtin_names();

}  // namespace glovebox::policy
