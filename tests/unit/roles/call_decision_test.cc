#include "roles/call_decision.h"

#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <string>
#include <utility>

#include "policy/builtin.h"

namespace glovebox::roles {
namespace {

class EmptyHost final : public box::HostView {
 public:
  std::optional<box::PathFacts> look(const std::string&) const override { return std::nullopt; }
};

policy::Policy policy_with(policy::Profile profile) {
  policy::Policy policy;
  policy.file = "p.toml";
  profile.name = "p";
  policy.profiles.emplace("p", std::move(profile));
  policy::Bind bind;
  bind.tools.push_back({"*", "p", {"p.toml", 4, 1}});
  policy.binds.push_back(std::move(bind));
  return policy;
}

Denial denied(const policy::Policy& policy, const std::string& tool, policy::Day day = {}) {
  ActivePolicy active{
      .calendar = *PolicyCalendar::make(
          policy, policy::Day{}, [](const policy::Policy& given, policy::Day) { return given; }),
      .filters = {{"builtin:bash", {}}},
      .filter_texts = {},
      .digest = {},
      .protected_paths = {}};
  CallQuestion question;
  question.day = day;
  question.tool = tool;
  const auto decision = decide_call(active, {}, EmptyHost(), question);
  REQUIRE(std::holds_alternative<Denial>(decision));
  return std::get<Denial>(decision);
}

TEST_CASE("a call that needs an approval is denied by the line that says so") {
  policy::Profile profile;
  profile.approvals.push_back(
      {"mcp:github/merge_*", "webhook:desk", seconds(60), {"p.toml", 9, 3}});
  profile.approvals.push_back({"write", "webhook:desk", seconds(60), {"p.toml", 12, 3}});
  const policy::Policy policy = policy_with(profile);
  const struct {
    const char* tool;
    const char* rule;
  } rows[] = {{"write", "p.toml:12"},
              {"mcp:github/merge_", "p.toml:9"},
              {"mcp:github/merge_pull", "p.toml:9"}};
  for (const auto& row : rows) {
    CAPTURE(row.tool);
    const Denial denial = denied(policy, row.tool);
    CHECK(denial.outcome == box::Outcome::denied);
    CHECK(denial.rule == row.rule);
    CHECK(denial.why.contains("approval of webhook:desk"));
    CHECK(denial.profile == "p");
  }
  for (const char* tool : {"writes", "writ", "mcp:github/merg"}) {
    CAPTURE(tool);
    CHECK_FALSE(denied(policy, tool).why.contains("approval"));
  }
}

TEST_CASE("everything may need an approval") {
  policy::Profile profile;
  profile.approvals.push_back({"*", "webhook:desk", seconds(60), {"p.toml", 9, 3}});
  for (const char* tool : {"bash", "read", "x"})
    CHECK(denied(policy_with(profile), tool).rule == "p.toml:9");
}

TEST_CASE("a filter is another one when calls are denied beside it, in whatever order") {
  policy::Profile plain, one, two, other_order;
  const policy::Origin here{"p.toml", 3, 1};
  one.deny.syscalls = {{"mount", here}};
  two.deny.syscalls = {{"mount", here}, {"chmod", here}, {"mount", here}};
  other_order.deny.syscalls = {{"chmod", here}, {"mount", here}};
  CHECK(filter_key(plain) == "builtin:bash");
  CHECK(filter_key(one) != filter_key(plain));
  CHECK(filter_key(two) != filter_key(one));
  CHECK(filter_key(two) == filter_key(other_order));
}

TEST_CASE("records say what the profile lets them, and the least where none applies") {
  policy::Policy policy;
  policy.profiles["open"].audit.level = policy::AuditLevel::args_output;
  CHECK(audit_level(policy, "") == policy::AuditLevel::args_output);
  policy.profiles["usual"].audit.level = policy::AuditLevel::args;
  policy.profiles["shut"].audit.level = policy::AuditLevel::metadata;
  CHECK(audit_level(policy, "open") == policy::AuditLevel::args_output);
  CHECK(audit_level(policy, "usual") == policy::AuditLevel::args);
  CHECK(audit_level(policy, "") == policy::AuditLevel::metadata);
  CHECK(audit_level(policy, "gone") == policy::AuditLevel::metadata);
}

TEST_CASE("a policy is activated only when it is the one that was recorded") {
  BoxerSettings settings;
  settings.policy_file = "builtin:default";
  settings.policy_text = std::string(*policy::builtin("default"));
  const auto active = activate_policy(settings, policy::Day{});
  REQUIRE(active);
  settings.policy_digest = active->digest;
  const policy::Day much_later{std::chrono::days(40'000)};
  CHECK(activate_policy(settings, much_later)->digest == active->digest);
  settings.policy_digest[0] = settings.policy_digest[0] == 'a' ? 'b' : 'a';
  CHECK(activate_policy(settings, policy::Day{}).error().kind() == ErrorKind::conflict);
}

TEST_CASE("a program is taken over from the policy before only when it is made of the same text") {
  BoxerSettings settings;
  settings.policy_file = "p.toml";
  settings.policy_text = R"(glovebox = 1
name = "p"
[[bind]]
tools = { bash = "p" }
[profile.p]
root = "host"
syscalls = "/f.policy"
)";
  settings.filters = {{"/f.policy", "default: errno(ENOSYS)\ngetpid: allow\n"}};
  const auto first = activate_policy(settings, policy::Day{});
  REQUIRE(first);
  CHECK(activate_policy(settings, policy::Day{}, &*first)->digest == first->digest);
  settings.filters[0].text += "getuid: allow\n";
  const auto second = activate_policy(settings, policy::Day{}, &*first);
  REQUIRE(second);
  CHECK(second->digest != first->digest);
  CHECK(second->digest == activate_policy(settings, policy::Day{})->digest);
  settings.filters[0].text = "nothing";
  CHECK_FALSE(activate_policy(settings, policy::Day{}, &*second));
  settings.filters.clear();
  CHECK_FALSE(activate_policy(settings, policy::Day{}, &*second));
}

}  // namespace
}  // namespace glovebox::roles
