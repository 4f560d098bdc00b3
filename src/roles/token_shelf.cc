#include "roles/token_shelf.h"

#include <algorithm>
#include <format>
#include <utility>

namespace glovebox::roles {

Result<TokenShelf::Taken> TokenShelf::put(std::string item, UniqueFd file, Duration now) {
  Taken taken;
  while (tokens_.size() >= most_) {
    const auto old = std::ranges::find_if(tokens_, [now](const Token& token) {
      return token.over && *token.over + kKeptAfterEnd <= now;
    });
    if (old == tokens_.end())
      return Error(ErrorKind::limit,
                   std::format("{} secrets of work items are known already", most_));
    taken.given_up.push_back(old->number);
    tokens_.erase(old);
  }
  taken.number = next_++;
  tokens_.push_back({taken.number, std::move(item), std::move(file), {}});
  return taken;
}

void TokenShelf::end_item(std::string_view item, Duration now) {
  for (Token& token : tokens_)
    if (token.item == item && !token.over) token.over = now;
}

void TokenShelf::end_all(Duration now) {
  for (Token& token : tokens_)
    if (!token.over) token.over = now;
}

void TokenShelf::remove(std::uint64_t number) {
  std::erase_if(tokens_, [number](const Token& token) { return token.number == number; });
}

}  // namespace glovebox::roles
