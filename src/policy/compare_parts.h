// The dimensions of compare(), each for itself. For compare*.cc.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "policy/compare.h"
#include "policy/decide_request.h"

namespace glovebox::policy {

struct Sides {
  const Profile& before;
  const Filters& filters_before;
  const Profile& after;
  const Filters& filters_after;
};

// The lines that decide on both sides. Into the profiles: two equal ones are one cause.
struct Causes {
  const Origin* before = nullptr;
  const Origin* after = nullptr;

  auto operator<=>(const Causes&) const = default;
};

class Findings {
 public:
  // Once for each direction, dimension and cause.
  void add(Direction direction, std::string_view dimension, std::string what, Risk risk,
           const Causes& causes, std::optional<Request> witness = std::nullopt);
  bool has(Direction direction, std::string_view dimension, const Causes& causes) const {
    return seen_.contains({direction, std::string(dimension), causes});
  }
  std::vector<Difference> take() { return std::move(differences_); }

 private:
  std::set<std::tuple<Direction, std::string, Causes>> seen_;
  std::vector<Difference> differences_;
};

// `after` is more: wider.
inline Direction direction_of(bool after_is_more) {
  return after_is_more ? Direction::wider : Direction::narrower;
}
std::string_view now_or_no_longer(Direction direction);  // `now`, `no longer`

enum class Injections { compared, left_out };

void compare_files(const Sides& sides, Findings& findings);
void compare_egress(const Sides& sides, Injections injections, Findings& findings);
void compare_syscalls(const Sides& sides, Findings& findings);
// Limits, environment, background, user, root, Landlock, audit.
void compare_values(const Sides& sides, Findings& findings);
// All but tools, approvals and secrets, which are a matter of the caller.
std::vector<Difference> compare_walls_of_caller(const Sides& sides);
// What the two sides of one caller need to be asked for.
void compare_approvals(const std::vector<const Approval*>& before,
                       const std::vector<const Approval*>& after, const std::string& tool,
                       Findings& findings);
// Tools that a profile denies, and those whose calls need an approval.
void compare_tools(const Sides& sides, Findings& findings);
// Secrets that one caller gets.
void compare_secrets(const Policy& before, const Profile& profile_before, const Policy& after,
                     const Profile& profile_after, std::string_view tool, Findings& findings);

}  // namespace glovebox::policy
