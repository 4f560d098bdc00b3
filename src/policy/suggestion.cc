#include "policy/suggestion.h"

#include <format>

#include "base/nearest_word.h"

namespace glovebox::policy {

std::string nearest(std::string_view word, std::span<const std::string_view> known) {
  const std::string_view best = nearest_word(word, known);
  return best.empty() ? std::string() : std::format("did you mean `{}`?", best);
}

}  // namespace glovebox::policy
