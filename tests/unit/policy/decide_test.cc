#include <catch2/catch_test_macros.hpp>
#include <string>

#include "policy/policy.h"
#include "support.h"

namespace glovebox::policy {
namespace {

const std::string kText =
    "glovebox = 1\n"
    "[[bind]]\n"
    "environment = \"e1\"\n"
    "tools = { bash = \"exact\", \"ba*\" = \"near\", \"b*\" = \"far\" }\n"
    "[[bind]]\n"
    "environment = \"e2\"\n"
    "agent = \"a1\"\n"
    "tools = { \"*\" = \"any\" }\n"
    "[profile.exact]\n[profile.near]\n[profile.far]\n[profile.any]\n";

TEST_CASE("who may run what") {
  const Policy policy = policy_of(kText);
  struct Row {
    const char* name;
    const char* environment;
    const char* agent;
    const char* tool;
    const char* profile;  // empty: denied
    std::uint32_t line;   // of the rule
    const char* reason;
  };
  const Row rows[] = {
      {"no bind for the environment", "e3", "a1", "bash", "", 1, "no bind applies"},
      {"no bind for the agent", "e2", "a2", "bash", "", 1, "no bind applies"},
      {"no bind for nobody", "", "", "bash", "", 1, "no bind applies"},
      {"environment is no prefix", "e11", "a1", "bash", "", 1, "no bind applies"},
      {"tool not named", "e1", "a", "read", "", 2, "the bind names no profile for this tool"},
      {"empty tool", "e1", "a", "", "", 2, "the bind names no profile for this tool"},
      {"exact name", "e1", "a", "bash", "exact", 4, "allowed"},
      {"longest prefix", "e1", "a", "bashful", "near", 4, "allowed"},
      {"the prefix itself", "e1", "a", "ba", "near", 4, "allowed"},
      {"shorter prefix", "e1", "a", "box", "far", 4, "allowed"},
      {"everything", "e2", "a1", "mcp:x/y", "any", 8, "allowed"},
      {"star is no name", "e1", "a", "*", "", 2, "the bind names no profile for this tool"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const Decision decision = policy.decide(row.environment, row.agent, row.tool);
      CHECK((decision.profile != nullptr ? decision.profile->name : "") == row.profile);
      CHECK(decision.rule.line == row.line);
      CHECK(decision.reason == row.reason);
    }
  }
}

TEST_CASE("a whole name is closer than a prefix of its length") {
  const Policy policy = policy_of(
      "glovebox = 1\n[[bind]]\ntools = { \"bash*\" = \"p\", bash = \"q\" "
      "}\n[profile.p]\n[profile.q]\n");
  CHECK(policy.decide("", "", "bash").profile->name == "q");
  CHECK(policy.decide("", "", "bash2").profile->name == "p");
}

}  // namespace
}  // namespace glovebox::policy
