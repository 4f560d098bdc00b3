// A policy in which every key says something, to be changed in one place after another.
#pragma once

#include <format>
#include <string>
#include <utility>
#include <vector>

#include "compare_support.h"

namespace glovebox::policy {

struct Side {
  Policy policy;
  Filters filters;
};
using Mutants = std::vector<Side>;

inline Profile& build(Side& side) {
  return side.policy.profiles.at("build");
}

// In the order of kLimitNames.
template <class Use>
void each_limit(Limits& l, const Use& use) {
  use(l.wall), use(l.cpu), use(l.cores), use(l.memory), use(l.pids), use(l.files), use(l.disk),
      use(l.tmp), use(l.output);
}
inline void widen(milliseconds& value, std::uint64_t more) {
  value += milliseconds(more);
}
inline void widen(std::uint32_t& value, std::uint64_t more) {
  value += static_cast<std::uint32_t>(more);
}
inline void widen(ByteLimit& value, std::uint64_t more) {
  value = ByteLimit(value.bytes() + more);
}

// A policy in which every key says something.
inline Side rich(unsigned variant) {
  Side side;
  Policy& policy = side.policy;
  policy.file = "p.toml";
  policy.binds.push_back({"env_1",
                          "agent_1",
                          {{"bash", "build", line(3)}, {"mcp:github/*", "build", line(4)}},
                          line(2)});
  Profile p;
  p.name = "build";
  p.root.kind = Root::Kind::host;
  p.mounts = {mount("@workspace", MountMode::read_write), mount("@tmp", MountMode::tmpfs),
              mount("@workspace/.secrets", MountMode::hide)};
  p.mounts[1].size = ByteLimit(64 * kMiB);
  for (unsigned i = 0; i < 12; ++i) {
    p.mounts.push_back(mount(std::format("/data/{}", i + variant), MountMode::read_only));
    p.mounts.push_back(mount(std::format("/scratch/{}", i), MountMode::tmpfs));
  }
  p.env = {{"LANG", "C"}, {"PATH", "/usr/bin"}};
  p.limits.wall.value = seconds(60 + variant);
  each_limit(p.limits, [](auto& limit) { limit.enforce = Enforce::wall; });
  p.syscalls = "/f/build";
  p.landlock_abi = 6;
  for (const char* name : {".git/hooks", ".vscode", ".env*", ".ssh"}) p.guard.push_back({name, {}});
  for (unsigned i = 0; i < 12; ++i) {
    const std::string host = std::format("h{}.example", i + variant);
    p.egress.push_back(egress(host, 443, 444, EgressMode::inspect,
                              {http("GET", "/a/*/b"), http("HEAD", "/a/**")}));
    p.egress.back().inject = "token";
  }
  p.egress.push_back(egress("*.wide.example", 443, 443, EgressMode::sni));
  p.egress.push_back(egress("8.8.0.0/16", 53, 53, EgressMode::raw));
  for (const char* name : {"mcp:github/delete_*", "mcp:github/admin"})
    p.deny.tools.push_back({name, line(20)});
  for (const char* name : {"/data/5/private", "@workspace/.secret", "/usr/bin/sudo"})
    p.deny.paths.push_back({name, line(21)});
  for (const char* name : {"ptrace", "keyctl"}) p.deny.syscalls.push_back({name, line(22)});
  for (const char* name : {"internal.wide.example", "8.8.8.0/24"})
    p.deny.egress.push_back({target(name), line(23)});
  p.approvals = {{"mcp:github/merge_*", "webhook:desk", seconds(60), line(24)}};
  p.audit = {AuditLevel::args_output, AuditEgress::durable, {"stdin", "files"}};
  p.devices = {"/dev/kvm"};
  policy.profiles.emplace("build", p);
  ProfilePart part;
  part.name = "build";
  part.expires = Day{std::chrono::year(2027) / 3 / 31};
  part.own = p;
  policy.parts.emplace("build", part);
  policy.cap = p;
  SecretRule token{"token", "credential:pkg", {}, Exposure::egress, {}, line(30)};
  for (unsigned i = 0; i < 12; ++i)
    token.only.push_back({HostPattern{std::format("h{}.example", i + variant), false}, 443});
  policy.secrets.emplace("token", token);
  policy.secrets.emplace("key", SecretRule{"key",
                                           "file:/etc/key",
                                           {{HostPattern{"h5.example", false}, 443}},
                                           Exposure::file,
                                           {"bash"},
                                           line(31)});
  policy.tools.emplace("deploy",
                       CustomTool{"deploy", "deploys", {"/usr/bin/deploy"}, {}, {}, line(40)});

  std::string text = "default: errno(ENOSYS)\n";
  text +=
      "clone: allow if low(arg0) in 0x10000 else errno(EPERM)  # threads\n"
      "execve: allow\nkeyctl: allow  # x\nptrace: allow  # x\n"
      "socket: allow if arg0 == 2 && arg1 in {1, 2}  # x\n";
  side.filters.emplace("/f/build", table_of(text));
  return side;
}

template <class Change>
void one(const Side& base, Mutants& out, const Change& change) {
  Side next = base;
  change(next);
  out.push_back(std::move(next));
}

}  // namespace glovebox::policy
