#include "policy/check.h"

#include <algorithm>
#include <array>
#include <format>
#include <tuple>

#include "policy/normal_path.h"
#include "policy/opened_ports.h"
#include "seccomp/floor.h"

namespace glovebox::policy {

namespace {

// What every host has and nobody keeps data in (F4, F12).
constexpr std::array<std::string_view, 8> kSystem = {"/usr",   "/bin",   "/sbin",   "/lib",
                                                     "/lib32", "/lib64", "/libx32", "/etc"};
// Where a host talks to itself or to what configures it (F6).
constexpr std::array<std::string_view, 5> kLocalBlocks = {
    "127.0.0.0/8", "::1/128", "169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128"};
constexpr std::array<std::string_view, 4> kLocalNames = {
    "localhost", "metadata", "metadata.google.internal", "instance-data.ec2.internal"};
constexpr std::array<std::string_view, 4> kOwnPlaces = {"/etc/glovebox", "/run/glovebox",
                                                        "/var/lib/glovebox", "/usr/bin/glovebox"};
constexpr std::array<std::string_view, 6> kTools = {"bash", "read", "write",
                                                    "edit", "glob", "grep"};

// A folder of the host that is not part of its system.
bool is_host_data(const Mount& mount) {
  if (mount.mode != MountMode::read_only && mount.mode != MountMode::read_write) return false;
  if (mount.at.starts_with('@')) return false;
  const std::string& source = mount.from ? *mount.from : mount.at;
  return std::ranges::none_of(kSystem, [&](auto folder) { return is_below(source, folder); });
}

bool is_denied(const EgressTarget& target, const Profile& profile) {
  return std::ranges::any_of(profile.deny.egress,
                             [&](const auto& item) { return lies_in(target, item.value); });
}

// F4: sni, raw, or a method that sends.
bool carries_out(const EgressRule& rule) {
  if (rule.mode >= EgressMode::sni || rule.whole_host) return true;
  return std::ranges::any_of(rule.allow, [](const HttpRule& request) {
    return request.method != "GET" && request.method != "HEAD";
  });
}

class Findings {
 public:
  Findings(const Policy& policy, const Filters& filters, const Compare& compare)
      : policy_(policy), filters_(filters), compare_(compare) {}

  void beyond_cap() {
    if (!policy_.cap) return;
    for (const auto& [name, profile] : policy_.profiles) {
      if (ended(policy_.parts, name, policy_.day) != nullptr) continue;
      if (!compare_) {
        say(Code::beyond_cap, profile.origin,
            std::format("profile `{}` cannot be compared with the cap by this binary", name));
        continue;
      }
      for (const Difference& difference :
           compare_(bound_for(policy_, profile), filters_, profile, filters_))
        if (difference.direction == Direction::wider) report_beyond(profile, difference);
    }
  }

  void loosened_by_dates() {
    for (const auto& [name, _] : policy_.parts)
      for (const ProfilePart* part = &policy_.parts.at(name); part != nullptr;
           part = part->extends ? &policy_.parts.at(*part->extends) : nullptr)
        if (part->expires) end_of(*part, name);
  }

  void properties() {
    for (const auto& [name, part] : policy_.parts) {
      const Profile& profile = policy_.profiles.at(name);
      beyond_parent(part, profile);
      write_and_run(part, profile);
      local_reach(part.own, profile);
      without_why(part);
      exfiltration(profile);
      floor(profile);
    }
    secrets();
    unbound_tools();
  }

  std::vector<Diagnostic> take() {
    std::ranges::stable_sort(found_, {}, [&](const Diagnostic& d) {
      return std::tie(d.origin.file, d.origin.line, d.origin.column, d.code);
    });
    // What a parent does wrong is said once.
    const auto same = std::ranges::unique(found_, [](const Diagnostic& a, const Diagnostic& b) {
      return a.code == b.code && a.origin == b.origin && a.message == b.message;
    });
    found_.erase(same.begin(), same.end());
    return std::move(found_);
  }

  std::vector<Diagnostic>& found() { return found_; }

 private:
  void say(Code code, const Origin& origin, std::string message, std::string hint = "",
           Severity severity = Severity::error) {
    found_.push_back({code, origin, origin.width, std::move(message), std::move(hint), severity});
  }

  void report_beyond(const Profile& profile, const Difference& difference) {
    const bool audit = difference.dimension.starts_with("audit");
    say(audit ? Code::audit_below_cap : Code::beyond_cap, difference.after.value_or(profile.origin),
        std::format("profile `{}` exceeds the cap: {}", profile.name, difference.what),
        std::format("the cap: {}", to_string(difference.before.value_or(policy_.cap->origin))));
  }

  // What `profile` would be given when `part`, of which it is made, ends.
  void end_of(const ProfilePart& part, const std::string& profile) {
    const Day last = *part.expires, next = last + std::chrono::days(1);
    if (ended(policy_.parts, profile, next) != nullptr) return;
    const Origin& origin = part.own.origins.at("expires");
    const std::string message =
        std::format("after {} profile `{}` would allow more", to_string(last), profile);
    const std::string hint = "what takes rights away stands in a profile without `expires`";
    if (!compare_) return say(Code::loosened_by_date, origin, message, hint);
    for (const Difference& difference : compare_(flatten(policy_.parts, profile, last), filters_,
                                                 flatten(policy_.parts, profile, next), filters_)) {
      if (difference.direction != Direction::wider) continue;
      return say(Code::loosened_by_date, origin, std::format("{}: {}", message, difference.what),
                 hint);
    }
  }

  // F2
  void beyond_parent(const ProfilePart& part, const Profile& profile) {
    if (!part.extends || !part.why.empty()) return;
    const std::string message =
        std::format("profile `{}` adds rights to `{}` and says no `why`", part.name, *part.extends);
    const std::string hint = "why = \"…\"";
    if (!compare_) return say(Code::beyond_parent, part.own.origins.at("extends"), message, hint);
    for (const Difference& difference :
         compare_(policy_.profiles.at(*part.extends), filters_, profile, filters_)) {
      if (difference.direction != Direction::wider) continue;
      return say(Code::beyond_parent, difference.after.value_or(profile.origin),
                 std::format("{}: {}", message, difference.what), hint);
    }
  }

  // F5
  void write_and_run(const ProfilePart& part, const Profile& profile) {
    for (const Mount& mount : profile.mounts) {
      if (mount.exec == Exec::no || mount.mode == MountMode::read_only ||
          mount.mode == MountMode::hide)
        continue;
      bool declared = false;
      for (const ProfilePart* at = &part; at != nullptr;
           at = at->extends ? &policy_.parts.at(*at->extends) : nullptr)
        declared = declared || (!at->why.empty() &&
                                std::ranges::contains(at->own.mounts, mount.at, &Mount::at));
      if (!declared)
        say(Code::write_and_run, mount.origin,
            std::format("what is written to {} can be run, and profile `{}` says no `why`",
                        mount.at, profile.name),
            "why = \"…\", or leave exec out");
    }
  }

  // F6
  void local_reach(const Profile& own, const Profile& profile) {
    for (const EgressRule& rule : own.egress) {
      if (is_denied(rule.target, profile)) continue;
      if (const auto reached = local_part(rule.target, profile); !reached.empty()) {
        say(Code::local_reach, rule.origin,
            std::format("{} reaches {}, where the host talks to itself or is configured from",
                        to_string(rule.target), reached),
            "deny = { egress = [ … ] } takes it out");
        continue;
      }
      if (rule.private_addresses)
        say(Code::local_reach, rule.origin,
            std::format("{} may lie in the private network", to_string(rule.target)),
            rule.why.empty() ? "why = \"…\"" : "",
            rule.why.empty() ? Severity::warning : Severity::note);
    }
  }

  static std::string local_part(const EgressTarget& target, const Profile& profile) {
    if (const auto* block = std::get_if<codec::Cidr>(&target)) {
      for (const std::string_view text : kLocalBlocks) {
        const codec::Cidr local = *codec::Cidr::parse(text);
        if ((block->contains(local) || local.contains(*block)) && !is_denied(local, profile))
          return std::string(text);
      }
      return {};
    }
    const auto& host = std::get<HostPattern>(target);
    for (const std::string_view name : kLocalNames)
      if (lies_in(HostPattern{std::string(name), false}, target) &&
          !is_denied(HostPattern{std::string(name), false}, profile))
        return std::string(name);
    return host.name == "localhost" || host.name.ends_with(".localhost") ? host.name : "";
  }

  // F12
  void without_why(const ProfilePart& part) {
    if (part.extends || !part.why.empty()) return;
    const auto say_that = [&](const Origin& origin, std::string_view what) {
      say(Code::without_why, origin,
          std::format("profile `{}` {} and says no `why`", part.name, what), "why = \"…\"");
    };
    const Profile& own = part.own;
    if (own.user == BoxUser::root) say_that(own.origins.at("user"), "runs programs as root");
    for (const std::string& device : own.devices)
      say_that(own.origins.at("devices." + device), "gives a device");
    for (const Mount& mount : own.mounts)
      if (is_host_data(mount)) say_that(mount.origin, "shows a folder of the host");
    for (const EgressRule& rule : own.egress)
      if (rule.why.empty()) say_that(rule.origin, "opens a way out");
  }

  // F4
  void exfiltration(const Profile& profile) {
    const auto data = std::ranges::find_if(profile.mounts, [](const Mount& mount) {
      return is_host_data(mount) && mount.data == Data::confidential;
    });
    const auto open = [&](const EgressRule& rule) { return !is_denied(rule.target, profile); };
    const auto untrusted = std::ranges::find_if(
        profile.egress, [&](const EgressRule& rule) { return !rule.trusted && open(rule); });
    const auto out = std::ranges::find_if(
        profile.egress, [&](const EgressRule& rule) { return carries_out(rule) && open(rule); });
    if (data == profile.mounts.end() || untrusted == profile.egress.end() ||
        out == profile.egress.end() || all_approved(profile))
      return;
    say(Code::exfiltration, out->origin,
        std::format("profile `{}` sees private data ({}), takes untrusted input from {} ({}) and "
                    "can carry data out to {}",
                    profile.name, to_string(data->origin), to_string(untrusted->target),
                    to_string(untrusted->origin), to_string(out->target)),
        "break one of the three (data = \"public\", trusted = true, GET and HEAD only), or have "
        "its tools approved");
  }

  bool all_approved(const Profile& profile) const {
    bool any = false;
    for (const Bind& bind : policy_.binds)
      for (const ToolRule& rule : bind.tools) {
        if (rule.profile != profile.name) continue;
        any = true;
        if (std::ranges::none_of(profile.approvals, [&](const Approval& approval) {
              return tools_lie_in(rule.pattern, approval.tool);
            }))
          return false;
      }
    return any;
  }

  // F10
  void floor(const Profile& profile) {
    const auto table = filters_.find(profile.syscalls);
    if (table == filters_.end()) return;
    const auto at = profile.origins.find("syscalls");
    for (const seccomp::FloorBreach& breach : seccomp::check_floor(table->second))
      say(Code::no_floor, at == profile.origins.end() ? profile.origin : at->second,
          std::format("{}: no tool may have {}", profile.syscalls, breach.what),
          breach.rule == nullptr ? "" : breach.rule->place);
  }

  // F3
  void secrets() {
    for (const auto& [name, part] : policy_.parts)
      for (const EgressRule& rule : part.own.egress) {
        if (!rule.inject) continue;
        const SecretRule& secret = policy_.secrets.at(*rule.inject);
        if (!bound(rule, secret))
          say(Code::secret_reach, rule.origin,
              std::format("secret `{}` would be sent to {}, where `only` does not let it go",
                          secret.name, to_string(rule.target)),
              std::format("`only`: {}", to_string(secret.origin)));
      }
    for (const auto& [name, secret] : policy_.secrets) {
      if (secret.expose == Exposure::egress) continue;
      for (const Bind& bind : policy_.binds)
        for (const ToolRule& tool : bind.tools) held_by(secret, tool);
    }
  }

  static bool bound(const EgressRule& rule, const SecretRule& secret) {
    if (rule.ports.first != rule.ports.last) return false;
    return std::ranges::any_of(secret.only, [&](const Endpoint& endpoint) {
      return endpoint.port == rule.ports.first && lies_in(rule.target, endpoint.host);
    });
  }

  // A tool that holds a secret can send it wherever its profile lets it go.
  void held_by(const SecretRule& secret, const ToolRule& tool) {
    const auto meets = [&](const std::string& pattern) {
      return tools_lie_in(pattern, tool.pattern) || tools_lie_in(tool.pattern, pattern);
    };
    if (std::ranges::none_of(secret.tools, meets)) return;
    const Profile& profile = policy_.profiles.at(tool.profile);
    for (const EgressRule& rule : profile.egress) {
      if (is_denied(rule.target, profile)) continue;
      if (rule.mode == EgressMode::inspect && bound(rule, secret)) continue;
      say(Code::secret_reach, rule.origin,
          std::format("`{}` holds secret `{}` and can send it to {}", tool.pattern, secret.name,
                      to_string(rule.target)),
          "expose = \"egress\" with `inject` keeps it out of the box");
    }
  }

  // F7
  void unbound_tools() {
    for (const auto& [name, tool] : policy_.tools) {
      if (is_bound(name)) continue;
      say(Code::tool_unbound, tool.origin,
          std::format("tool `{}` is bound nowhere: nobody can call it", name), "",
          Severity::warning);
    }
    for (const Bind& bind : policy_.binds)
      for (const std::string_view tool : kTools) {
        if (binds(bind, tool)) continue;
        say(Code::tool_unbound, bind.origin,
            std::format("this bind names no profile for `{}`: its calls are refused", tool),
            "bind it, or `\"*\"` to a profile with deny = { tools = [ \"*\" ] }", Severity::note);
      }
  }

  static bool binds(const Bind& bind, std::string_view tool) {
    return std::ranges::any_of(bind.tools,
                               [&](const ToolRule& rule) { return matches(rule.pattern, tool); });
  }
  bool is_bound(std::string_view tool) const {
    return std::ranges::any_of(policy_.binds, [&](const Bind& bind) { return binds(bind, tool); });
  }

  const Policy& policy_;
  const Filters& filters_;
  const Compare& compare_;
  std::vector<Diagnostic> found_;
};

}  // namespace

std::vector<Diagnostic> beyond_cap(const Policy& policy, const Filters& filters,
                                   const Compare& compare) {
  Findings findings(policy, filters, compare);
  findings.beyond_cap();
  return findings.take();
}

std::vector<Diagnostic> loosened_by_dates(const Policy& policy, const Filters& filters,
                                          const Compare& compare) {
  Findings findings(policy, filters, compare);
  findings.loosened_by_dates();
  return findings.take();
}

std::vector<Diagnostic> check_policy(const Policy& policy, const Filters& filters,
                                     const Compare& compare) {
  Findings findings(policy, filters, compare);
  findings.beyond_cap();
  findings.loosened_by_dates();
  findings.properties();
  find_dead_rules(policy, findings.found());
  find_dates(policy, findings.found());
  return findings.take();
}

std::span<const std::string_view> usual_places() {
  return kOwnPlaces;
}

std::vector<Diagnostic> mounts_of(const Policy& policy, std::span<const std::string> places) {
  std::vector<Diagnostic> found;
  for (const auto& [name, part] : policy.parts)
    for (const Mount& mount : part.own.mounts) {
      if (mount.at.starts_with('@') || mount.mode > MountMode::read_write) continue;
      const std::string& source = mount.from ? *mount.from : mount.at;
      for (const std::string& place : places) {
        if (!is_below(source, place) && !is_below(place, source)) continue;
        found.push_back(
            {Code::forbidden_mount, mount.origin, mount.origin.width,
             std::format("mount of {} would show {}, which belongs to glovebox", source, place),
             "mount a folder that holds nothing of glovebox"});
        break;
      }
    }
  return found;
}

namespace {

// The rule with which a profile opens more ports than there can be; null: none.
}  // namespace

std::vector<Diagnostic> not_enforced(const Policy& policy) {
  std::vector<Diagnostic> found;
  const auto say = [&](const Origin& origin, std::string_view what) {
    found.push_back({Code::not_enforced, origin, origin.width,
                     std::format("{} not enforced by this binary", what),
                     "what cannot be enforced is refused by everything that would run with it"});
  };
  for (const auto& [name, part] : policy.parts) {
    const Profile& own = part.own;
    for (const std::string& device : own.devices)
      say(own.origins.at("devices." + device), "devices are");
    for (const std::string& capture : own.audit.capture)
      say(own.origins.at("audit.capture." + capture), "audit.capture is");
  }
  for (const auto& [name, profile] : policy.profiles)
    if (const auto ports = opened_ports(profile, kMostEgressPorts); !ports)
      say(ports.error()->origin,
          std::format("more than {} ports of one profile are", kMostEgressPorts));
  for (const auto& [name, secret] : policy.secrets)
    if (secret.expose != Exposure::egress)
      say(secret.origin, "secrets that boxes hold themselves (expose) are");
  for (const auto& [name, tool] : policy.tools) say(tool.origin, "tools of the operator's own are");
  return found;
}

}  // namespace glovebox::policy
