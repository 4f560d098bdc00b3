// A hint for a misspelt word.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace glovebox::policy {

// ``did you mean `limits`?``: the known word that is closest, at most two edits away; else empty.
std::string nearest(std::string_view word, std::initializer_list<std::string_view> known);

}  // namespace glovebox::policy
