// What somebody may have meant who misspelt a word.
#pragma once

#include <span>
#include <string_view>

namespace glovebox {

// The known word that is closest, at most two edits away; the first of several; empty if there is
// none, or if `word` is longer than 64 bytes. The result points into `known`.
std::string_view nearest_word(std::string_view word, std::span<const std::string_view> known);

}  // namespace glovebox
