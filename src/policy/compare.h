// Which of two policies permits more, exactly.
//
// Every dimension of a profile is a finite lattice. For each, one request of every class that the
// two sides can tell apart is decided by both (judge.h): nothing can differ that is not among them,
// and each of them that differs is its own witness. Two values without an order between them count
// as wider, and so does what is too large to compare. Time is not looked into: the profiles are
// compared as they are on the day of each policy, and days of expiry one by one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/judge.h"
#include "policy/policy.h"
#include "policy/request.h"

namespace glovebox::policy {

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

// All of it, tools denied and approvals included. Empty exactly if the profiles permit the same and
// are checked the same; what one way is wider is narrower the other way.
std::vector<Difference> compare(const Profile& before, const Filters& filters_before,
                                const Profile& after, const Filters& filters_after);

// For every caller that the two policies can tell apart.
struct CallerDifferences {
  std::vector<Who> callers;  // one of each class to which the same happens; empty: the whole policy
  std::vector<Difference> differences;
};
std::vector<CallerDifferences> diff(const Policy& before, const Filters& filters_before,
                                    const Policy& after, const Filters& filters_after);

bool widens(const std::vector<CallerDifferences>& differences);

}  // namespace glovebox::policy
