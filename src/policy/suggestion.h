// A hint for a misspelt word.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace glovebox::policy {

// ``did you mean `limits`?``: the known word that is closest, at most two edits away; else empty.
std::string nearest(std::string_view word, std::span<const std::string_view> known);
inline std::string nearest(std::string_view word, std::initializer_list<std::string_view> known) {
  return nearest(word, std::span(known.begin(), known.size()));
}

}  // namespace glovebox::policy
