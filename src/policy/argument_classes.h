// Values of one argument of a system call that a set of comparisons can tell apart.
//
// Exact: a value is built bit by bit and interval by interval for each combination of answers that
// any value gives, and for no other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "seccomp/table.h"

namespace glovebox::policy {

// Beyond these nobody knows, and whoever asks must take the worst for granted.
constexpr std::size_t kMaxArgumentClasses = 4096;
constexpr std::size_t kMaxSolverSteps = 200'000;

// One value of each class, never empty. nullopt: a limit was reached.
std::optional<std::vector<std::uint64_t>> argument_classes(
    std::span<const seccomp::Term* const> terms);

}  // namespace glovebox::policy
