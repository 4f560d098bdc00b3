// A profile from a few lines, and the box of a shell call under it on an ordinary host.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "box/plan.h"
#include "policy/load.h"

namespace glovebox::box {

// Whatever stands in `body` begins in line 5.
inline policy::Profile profile_of(const std::string& body) {
  const auto loaded = policy::load(
      "p.toml", "glovebox = 1\n[[bind]]\ntools = { bash = \"p\" }\n[profile.p]\n" + body);
  if (!loaded.policy) FAIL(policy::to_text(loaded));
  return loaded.policy->profiles.at("p");
}

inline Result<BoxPlan> plan_of(const policy::Profile& profile, const HostView& view,
                               const std::string& workspace = "/work/s") {
  HostFacts host;
  host.kernel = "6.1.0";
  host.landlock_abi = 6;
  host.processors = 8;
  CallFacts call;
  call.tool = "bash";
  call.kind = CommandKind::shell;
  call.outputs = "/outputs-of-session";
  call.rule = "p.toml:3";
  call.ids = {1000, 1234, 1234};
  call.host_workdir = workspace;
  return make_plan(profile, call, host, view, {"bash", std::string(8, 'x'), std::string(64, 'd')});
}

}  // namespace glovebox::box
