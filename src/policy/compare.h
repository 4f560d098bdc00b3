// Which of two policies permits more, exactly: every dimension of a profile is a finite lattice, so
// the answer is complete and needs no search. Two values without an order between them count as
// wider.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "policy/policy.h"
#include "policy/request.h"
#include "seccomp/table.h"

namespace glovebox::policy {

// The filters that a policy names, by the word it uses for them.
using Filters = std::map<std::string, seccomp::Table>;

enum class Direction { wider, narrower, changed };
enum class Risk { low, medium, high };

struct Difference {
  Direction direction = Direction::wider;
  std::string dimension;           // `mount`, `egress`, `limits.wall`, `syscalls`, `audit.level`, …
  std::string what;                // one sentence for people
  std::optional<Request> witness;  // permitted by one side and not by the other
  Risk risk = Risk::medium;
  std::optional<Origin> before, after;  // absent where the side has no such line
};

// All of it. Empty both ways exactly if the profiles permit the same and are checked the same.
std::vector<Difference> compare(const Profile& before, const Filters& filters_before,
                                const Profile& after, const Filters& filters_after);

// For every caller that the two policies can tell apart.
struct CallerDifferences {
  Who who;  // one such caller
  std::vector<Difference> differences;
};
std::vector<CallerDifferences> diff(const Policy& before, const Filters& filters_before,
                                    const Policy& after, const Filters& filters_after);

}  // namespace glovebox::policy
