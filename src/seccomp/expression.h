// Conditions of a rule: the part of a line after `if`.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "seccomp/table.h"

namespace glovebox::seccomp {

// What is wrong with a piece of a line, and where in that piece.
struct PieceError {
  std::size_t at = 0;
  std::string message;
};

// Takes as much of `text` as is a condition, starting at `position`, which then stands behind it.
std::expected<Predicate, PieceError> parse_condition(std::string_view text, std::size_t& position);
// `allow`, `errno(NAME)`, `notify`, `notify(NAME)` or `kill`.
std::expected<Action, PieceError> parse_action(std::string_view text, std::size_t& position);

}  // namespace glovebox::seccomp
