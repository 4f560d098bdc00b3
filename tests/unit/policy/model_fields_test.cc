// Each field of the model is compared, or says nothing about what is permitted: the bindings below
// name every field, so that one that is added does not compile until it stands here.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "mutation_support.h"

namespace glovebox::policy {
namespace {

// NOLINTBEGIN(readability-function-size)
[[maybe_unused]] void names_of_all_fields() {
  [[maybe_unused]] const auto& [at, from, mode, exec, size, data, mount_origin] = Mount();
  [[maybe_unused]] const auto& [value, enforce, limit_origin] = Limit<std::uint32_t>{1};
  [[maybe_unused]] const auto& [wall, cpu, cores, pids, files, memory, disk, tmp, output] =
      Limits();
  [[maybe_unused]] const auto& [kind, image, root_origin] = Root();
  [[maybe_unused]] const auto& [name, below] = HostPattern();
  [[maybe_unused]] const auto& [first, last] = PortRange();
  [[maybe_unused]] const auto& [segments, open] = PathPattern();
  [[maybe_unused]] const auto& [method, path, http_origin] = HttpRule();
  [[maybe_unused]] const auto& [target, ports, egress_mode, allow, whole, trusted, is_private,
                                inject, egress_why, egress_origin] = EgressRule();
  [[maybe_unused]] const auto& [tools, paths, syscalls, egress] = Deny();
  [[maybe_unused]] const auto& [guard_name, guard_origin] = Guard();
  [[maybe_unused]] const auto& [tool, by, timeout, approval_origin] = Approval();
  [[maybe_unused]] const auto& [level, audit_egress, capture] = Audit();
  [[maybe_unused]] const auto& [profile_name, root, mounts, env, background, user, limits, filter,
                                landlock, guard, devices, ways_out, deny, approvals, audit,
                                profile_origin, origins] = Profile();
  [[maybe_unused]] const auto& [part_name, extends, why, expires, given, own] = ProfilePart();
  [[maybe_unused]] const auto& [host, port] = Endpoint();
  [[maybe_unused]] const auto& [secret_name, source, only, expose, shown_to, secret_origin] =
      SecretRule();
  [[maybe_unused]] const auto& [tool_name, description, command, mcp_command, mcp_url,
                                tool_origin] = CustomTool();
  [[maybe_unused]] const auto& [pattern, bound, rule_origin] = ToolRule();
  [[maybe_unused]] const auto& [environment, agent, bind_tools, bind_origin] = Bind();
  [[maybe_unused]] const auto& [file, policy_name, binds, parts, profiles, day, last_day, cap,
                                secrets, custom_tools, tests] = Policy();
}
// NOLINTEND(readability-function-size)

constexpr std::string_view kNothing = "";

struct Field {
  const char* name;
  std::function<void(Side&)> change;
  std::string_view dimension;  // of one of the differences; kNothing: there is none
};

EgressRule& way_out(Side& side) {
  return build(side).egress[0];
}
SecretRule& secret(Side& side) {
  return side.policy.secrets.at("key");
}
CustomTool& custom(Side& side) {
  return side.policy.tools.at("deploy");
}
Mount& folder(Side& side) {
  return *std::ranges::find(build(side).mounts, "/data/0", &Mount::at);
}

const std::vector<Field>& fields() {
  static const std::vector<Field> all = {
      {"Mount::at", [](Side& s) { folder(s).at = "/data/x"; }, "mount"},
      {"Mount::from", [](Side& s) { folder(s).from = "/srv"; }, "mount.from"},
      {"Mount::mode", [](Side& s) { folder(s).mode = MountMode::read_write; }, "mount"},
      {"Mount::exec", [](Side& s) { folder(s).exec = Exec::yes; }, "mount"},
      {"Mount::size", [](Side& s) { build(s).mounts[1].size.reset(); }, "mount.size"},
      {"Mount::data", [](Side& s) { folder(s).data = Data::public_data; }, "mount.data"},
      {"Mount::origin", [](Side& s) { folder(s).origin = line(99); }, kNothing},
      {"Limit::value", [](Side& s) { build(s).limits.output.value = ByteLimit(1); },
       "limits.output"},
      {"Limit::enforce", [](Side& s) { build(s).limits.tmp.enforce = Enforce::best; },
       "limits.tmp.enforce"},
      {"Limit::origin", [](Side& s) { build(s).limits.wall.origin = line(99); }, kNothing},
      {"Root::kind", [](Side& s) { build(s).root.kind = Root::Kind::image; }, "root"},
      {"Root::image", [](Side& s) { build(s).root = {Root::Kind::image, "a", {}}; }, "root"},
      {"Root::image of the host", [](Side& s) { build(s).root.image = "a"; }, kNothing},
      {"HostPattern::name", [](Side& s) { way_out(s).target = target("x.test"); }, "egress"},
      {"HostPattern::below", [](Side& s) { way_out(s).target = target("*.h0.example"); }, "egress"},
      {"PortRange::first", [](Side& s) { way_out(s).ports.first = 442; }, "egress"},
      {"PortRange::last", [](Side& s) { way_out(s).ports.last = 443; }, "egress"},
      {"PathPattern::segments", [](Side& s) { way_out(s).allow[0].path.segments = {"b"}; },
       "egress.allow"},
      {"PathPattern::open", [](Side& s) { way_out(s).allow[0].path.open = true; }, "egress.allow"},
      {"HttpRule::method", [](Side& s) { way_out(s).allow[0].method = "PUT"; }, "egress.allow"},
      {"EgressRule::mode", [](Side& s) { way_out(s).mode = EgressMode::sni; }, "egress.mode"},
      {"EgressRule::allow", [](Side& s) { way_out(s).allow.pop_back(); }, "egress.allow"},
      {"EgressRule::whole_host", [](Side& s) { way_out(s).whole_host = true; }, "egress.allow"},
      {"EgressRule::trusted", [](Side& s) { way_out(s).trusted = true; }, "egress.trusted"},
      {"EgressRule::private_addresses", [](Side& s) { way_out(s).private_addresses = true; },
       "egress.private"},
      {"EgressRule::inject", [](Side& s) { way_out(s).inject.reset(); }, "secret.token"},
      {"EgressRule::why", [](Side& s) { way_out(s).why = "another"; }, kNothing},
      {"Deny::tools", [](Side& s) { build(s).deny.tools.pop_back(); }, "deny.tools"},
      {"Deny::paths", [](Side& s) { build(s).deny.paths.pop_back(); }, "deny.paths"},
      {"Deny::syscalls", [](Side& s) { build(s).deny.syscalls.pop_back(); }, "syscalls"},
      {"Deny::egress", [](Side& s) { build(s).deny.egress.pop_back(); }, "deny.egress"},
      {"Guard::name", [](Side& s) { build(s).guard[0].name = "other"; }, "guard"},
      {"Approval::tool", [](Side& s) { build(s).approvals[0].tool = "x"; }, "approve"},
      {"Approval::by", [](Side& s) { build(s).approvals[0].by = "a:b"; }, "approve"},
      {"Approval::timeout", [](Side& s) { build(s).approvals[0].timeout = seconds(1); },
       "approve.timeout"},
      {"Audit::level", [](Side& s) { build(s).audit.level = AuditLevel::args; }, "audit.level"},
      {"Audit::egress", [](Side& s) { build(s).audit.egress = AuditEgress::ordered; },
       "audit.egress"},
      {"Audit::capture", [](Side& s) { build(s).audit.capture.clear(); }, "audit.capture"},
      {"Profile::env", [](Side& s) { build(s).env["LANG"] = "C.UTF-8"; }, "env.LANG"},
      {"Profile::background", [](Side& s) { build(s).background = Background::keep; },
       "background"},
      {"Profile::user", [](Side& s) { build(s).user = BoxUser::root; }, "user"},
      {"Profile::syscalls", [](Side& s) { build(s).syscalls.clear(); }, "syscalls"},
      {"Profile::landlock_abi", [](Side& s) { build(s).landlock_abi = 1; }, "landlock"},
      {"Profile::devices", [](Side& s) { build(s).devices.clear(); }, "devices"},
      {"Profile::origins", [](Side& s) { build(s).origins["user"] = line(99); }, kNothing},
      {"ProfilePart::expires", [](Side& s) { s.policy.parts.at("build").expires.reset(); },
       "expires"},
      {"ProfilePart::why", [](Side& s) { s.policy.parts.at("build").why = "another"; }, kNothing},
      {"SecretRule::from", [](Side& s) { secret(s).from = "file:/x"; }, "secret.key.from"},
      {"SecretRule::only", [](Side& s) { secret(s).only[0].port = 1; }, "secret.key"},
      {"SecretRule::expose", [](Side& s) { secret(s).expose = Exposure::env; },
       "secret.key.expose"},
      {"SecretRule::tools", [](Side& s) { secret(s).tools.clear(); }, "secret.key"},
      {"CustomTool::description", [](Side& s) { custom(s).description = "x"; },
       "tool.deploy.description"},
      {"CustomTool::command", [](Side& s) { custom(s).command = {"/x"}; }, "tool.deploy"},
      {"CustomTool::mcp_command", [](Side& s) { custom(s).mcp_command = {"/x"}; }, "tool.deploy"},
      {"CustomTool::mcp_url", [](Side& s) { custom(s).mcp_url = "https://x"; }, "tool.deploy"},
      {"ToolRule::pattern", [](Side& s) { s.policy.binds[0].tools[0].pattern = "read"; }, "bind"},
      {"Bind::environment", [](Side& s) { s.policy.binds[0].environment.reset(); }, "bind"},
      {"Bind::agent", [](Side& s) { s.policy.binds[0].agent = "agent_2"; }, "bind"},
      {"Policy::file", [](Side& s) { s.policy.file = "q.toml"; }, kNothing},
      {"Policy::name", [](Side& s) { s.policy.name = "other"; }, kNothing},
      {"Policy::cap", [](Side& s) { s.policy.cap.reset(); }, "cap"},
      {"Policy::cap's data",
       [](Side& s) {
         std::ranges::find(s.policy.cap->mounts, "/data/0", &Mount::at)->data = Data::public_data;
       },
       "cap.mount.data"},
      {"Policy::tests", [](Side& s) { s.policy.tests.push_back({}); }, kNothing},
  };
  return all;
}

TEST_CASE("a field that differs is a difference, both ways") {
  const Side base = rich(0);
  for (const Field& field : fields()) {
    DYNAMIC_SECTION(field.name) {
      Side other = base;
      field.change(other);
      for (const bool there : {true, false}) {
        const Side& before = there ? base : other;
        const Side& after = there ? other : base;
        const auto found = diff(before.policy, before.filters, after.policy, after.filters);
        std::string text;
        bool named = false;
        for (const CallerDifferences& of : found) {
          text += text_of(of.differences);
          for (const Difference& difference : of.differences)
            named = named || difference.dimension.starts_with(field.dimension);
        }
        INFO(text);
        if (field.dimension == kNothing)
          CHECK(found.empty());
        else
          CHECK(named);
      }
    }
  }
}

}  // namespace
}  // namespace glovebox::policy
