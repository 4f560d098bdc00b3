#include "roles/readiness.h"

#include <format>

namespace glovebox::roles {

namespace {

bool is_fresh(std::optional<Duration> last, Duration now, Duration how_long) {
  return last && now - *last <= how_long;
}

std::string because(std::string reason, const std::string& problem) {
  return problem.empty() ? reason : reason + ": " + problem;
}

}  // namespace

std::vector<std::string> why_not_alive(const std::vector<RoleFacts>& roles) {
  std::vector<std::string> reasons;
  for (const RoleFacts& role : roles)
    if (!role.answered) reasons.push_back(std::format("the {} does not answer", role.role));
  return reasons;
}

bool box_is_due(const ReadinessFacts& facts) {
  return !is_fresh(facts.last_box, facts.now, kBoxFreshness);
}

std::vector<std::string> why_not_ready(const ReadinessFacts& facts) {
  std::vector<std::string> reasons;
  if (facts.stopping) reasons.emplace_back("it is shutting down");
  for (std::string& reason : why_not_alive(facts.roles)) reasons.push_back(std::move(reason));
  for (const RoleFacts& role : facts.roles)
    if (role.answered && !role.problem.empty())
      reasons.push_back(std::format("{}: {}", role.role, role.problem));
  if (!facts.full && !is_fresh(facts.last_poll, facts.now, kPollFreshness))
    reasons.push_back(because(
        facts.last_poll ? "no poll was accepted in the last minute" : "no poll was accepted yet",
        facts.poll_problem));
  if (box_is_due(facts)) reasons.push_back(because("no box can be made", facts.box_problem));
  return reasons;
}

}  // namespace glovebox::roles
