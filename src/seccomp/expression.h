// Conditions of a rule: the part of a line after `if`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "seccomp/table.h"
#include "seccomp/text_error.h"

namespace glovebox::seccomp {

// What is wrong with a piece of a line, and where in that piece.
struct PieceError {
  std::size_t at = 0;
  Code code = Code::syntax;
  std::string message;
  std::string hint;  // may be empty
};

// Takes as much of `text` as is a condition, starting at `position`, which then stands behind it.
std::expected<Predicate, PieceError> parse_condition(std::string_view text, std::size_t& position);
// `allow`, `errno(NAME)`, `notify`, `notify(NAME)` or `kill`.
std::expected<Action, PieceError> parse_action(std::string_view text, std::size_t& position);
// A number or constants joined by `|`.
std::expected<std::uint64_t, PieceError> parse_value(std::string_view text, std::size_t& position);

// A predicate as a text writes it, constants as numbers.
std::string to_expression(const Predicate& predicate);

}  // namespace glovebox::seccomp
