// Every widening that a key can express is reported as one, and the way back as its reverse.
//
// What is mutated comes from the table of keys that the readers and the schema work by: a key that
// is added there without a mutator fails the test, and so does a mutator whose key is not there.
#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "language_keys.h"
#include "mutation_support.h"
#include "policy/limit_names.h"
#include "seccomp/words.h"

namespace glovebox::policy {
namespace {

constexpr std::size_t kLeastMutations = 5000;
constexpr unsigned kVariants = 3;

// All policies that differ from the given one by one wider value of the key.
using Mutator = std::function<void(const Side&, Mutants&)>;

const char* const kCalls[] = {
    "read",     "write",  "openat", "close",   "mmap",   "mprotect", "brk",    "ioctl",
    "pipe2",    "dup3",   "getpid", "connect", "bind",   "listen",   "accept", "sendto",
    "recvfrom", "fork",   "vfork",  "wait4",   "kill",   "uname",    "fcntl",  "chdir",
    "rename",   "mkdir",  "rmdir",  "link",    "unlink", "chmod",    "chown",  "umask",
    "getuid",   "syslog", "mount",  "setns",   "bpf",    "unshare",  "reboot", "swapon"};

void widen_limits(const Side& base, Mutants& out, std::size_t index) {
  for (const std::uint64_t more : {1, 2, 7, 100, 1000, 60'000, 900'000})
    one(base, out, [&](Side& s) {
      std::size_t at = 0;
      each_limit(build(s).limits, [&](auto& limit) {
        if (at++ == index) widen(limit.value, more);
      });
    });
}

void watch_limit(const Side& base, Mutants& out, std::size_t index) {
  one(base, out, [&](Side& s) {
    std::size_t at = 0;
    each_limit(build(s).limits, [&](auto& limit) {
      if (at++ == index) limit.enforce = Enforce::best;
    });
  });
}

template <class Items>
void without_each(const Side& base, Mutants& out, Items Profile::* member) {
  for (std::size_t i = 0; i < (base.policy.profiles.at("build").*member).size(); ++i)
    one(base, out, [&](Side& s) {
      auto& items = build(s).*member;
      items.erase(items.begin() + static_cast<std::ptrdiff_t>(i));
    });
}
template <class Items>
void without_each_denial(const Side& base, Mutants& out, Items Deny::* member) {
  for (std::size_t i = 0; i < (base.policy.profiles.at("build").deny.*member).size(); ++i)
    one(base, out, [&](Side& s) {
      auto& items = build(s).deny.*member;
      items.erase(items.begin() + static_cast<std::ptrdiff_t>(i));
    });
}
template <class Change>
void each_egress(const Side& base, Mutants& out, const Change& change) {
  for (std::size_t i = 0; i < base.policy.profiles.at("build").egress.size(); ++i)
    one(base, out, [&](Side& s) { change(build(s).egress[i], i); });
}
bool inspected(const EgressRule& rule) {
  return rule.mode == EgressMode::inspect;
}
void drop_unchanged(Mutants& out, std::size_t from, const std::function<bool(const Side&)>& keep) {
  std::erase_if(out,
                [&, n = std::size_t{0}](const Side& s) mutable { return n++ >= from && !keep(s); });
}

// By key: profile keys bare, those of other tables with the table's name.
const std::map<std::string, Mutator>& mutators() {
  static const std::map<std::string, Mutator> table = {
      {"bind",
       [](const Side& base, Mutants& out) {
         for (const char* environment : {"env_2", "env_3"})
           one(base, out, [&](Side& s) {
             Bind more = s.policy.binds[0];
             more.environment = environment;
             s.policy.binds.push_back(more);
           });
       }},
      {"bind.environment",
       [](const Side& base, Mutants& out) {
         one(base, out, [](Side& s) { s.policy.binds[0].environment.reset(); });
       }},
      {"bind.agent",
       [](const Side& base, Mutants& out) {
         one(base, out, [](Side& s) { s.policy.binds[0].agent.reset(); });
       }},
      {"bind.tools",
       [](const Side& base, Mutants& out) {
         for (const char* tool : {"read", "write", "b*", "mcp:*", "*", "mcp:gitlab/x"})
           one(base, out,
               [&](Side& s) { s.policy.binds[0].tools.push_back({tool, "build", line(5)}); });
       }},
      {"cap",
       [](const Side& base, Mutants& out) {
         one(base, out, [](Side& s) { s.policy.cap.reset(); });
         one(base, out, [](Side& s) { s.policy.cap->limits.pids.value += 1; });
         one(base, out, [](Side& s) { s.policy.cap->syscalls.clear(); });
         one(base, out, [](Side& s) { s.policy.cap->guard.clear(); });
         one(base, out,
             [](Side& s) { s.policy.cap->mounts.push_back(mount("/more", MountMode::read_only)); });
       }},
      {"expires",
       [](const Side& base, Mutants& out) {
         one(base, out, [](Side& s) { s.policy.parts.at("build").expires.reset(); });
         for (int days = 1; days < 30; ++days)
           one(base, out,
               [&](Side& s) { *s.policy.parts.at("build").expires += std::chrono::days(days); });
       }},
      {"root",
       [](const Side& base, Mutants& out) {
         one(base, out, [](Side& s) {
           build(s).root.kind = Root::Kind::image;
           build(s).root.image = "a";
         });
       }},
      {"mount",
       [](const Side& base, Mutants& out) {
         for (int i = 0; i < 40; ++i)
           for (const MountMode mode :
                {MountMode::read_only, MountMode::read_write, MountMode::tmpfs})
             one(base, out, [&](Side& s) {
               build(s).mounts.push_back(mount(std::format("/new/{}", i), mode));
             });
         one(base, out, [](Side& s) {
           std::erase_if(build(s).mounts, [](const Mount& m) { return m.mode == MountMode::hide; });
         });
       }},
      {"mount.at",
       [](const Side& base, Mutants& out) {
         one(base, out, [](Side& s) { build(s).mounts.back().at = "/elsewhere"; });
       }},
      {"mount.from",
       [](const Side& base, Mutants& out) {
         for (std::size_t i = 3; i < base.policy.profiles.at("build").mounts.size(); ++i)
           if (base.policy.profiles.at("build").mounts[i].mode == MountMode::read_only)
             one(base, out, [&](Side& s) { build(s).mounts[i].from = "/other"; });
       }},
      {"mount.mode",
       [](const Side& base, Mutants& out) {
         for (std::size_t i = 2; i < base.policy.profiles.at("build").mounts.size(); ++i)
           one(base, out, [&](Side& s) {
             Mount& m = build(s).mounts[i];
             m.size.reset();
             m.mode = m.mode == MountMode::hide ? MountMode::read_only : MountMode::read_write;
           });
       }},
      {"mount.exec",
       [](const Side& base, Mutants& out) {
         for (std::size_t i = 0; i < base.policy.profiles.at("build").mounts.size(); ++i)
           if (base.policy.profiles.at("build").mounts[i].mode != MountMode::hide)
             one(base, out, [&](Side& s) { build(s).mounts[i].exec = Exec::yes; });
       }},
      {"mount.size",
       [](const Side& base, Mutants& out) {
         one(base, out, [](Side& s) { build(s).mounts[1].size = ByteLimit(65 * kMiB); });
         one(base, out, [](Side& s) { build(s).mounts[1].size.reset(); });
       }},
      {"mount.data",
       [](const Side& base, Mutants& out) {
         for (std::size_t i = 0; i < base.policy.profiles.at("build").mounts.size(); ++i)
           if (base.policy.profiles.at("build").mounts[i].mode == MountMode::read_only)
             one(base, out, [&](Side& s) { build(s).mounts[i].data = Data::public_data; });
       }},
      {"env",
       [](const Side& base, Mutants& out) {
         for (const char* name : {"LD_PRELOAD", "LD_LIBRARY_PATH", "BASH_ENV", "NODE_OPTIONS",
                                  "PYTHONPATH", "GIT_SSH_COMMAND"})
           one(base, out, [&](Side& s) { build(s).env[name] = "/tmp/x"; });
       }},
      {"background",
       [](const Side& base, Mutants& out) {
         one(base, out, [](Side& s) { build(s).background = Background::keep; });
       }},
      {"user",
       [](const Side& base, Mutants& out) {
         one(base, out, [](Side& s) { build(s).user = BoxUser::root; });
       }},
      {"syscalls",
       [](const Side& base, Mutants& out) {
         for (const char* name : kCalls)
           for (const char* rule : {"{}: allow  # x\n", "{}: allow if arg0 == 1  # x\n",
                                    "{}: allow if low(arg1) in 0x6 else kill  # x\n"})
             one(base, out, [&](Side& s) {
               seccomp::Table& table = s.filters.at("/f/build");
               std::string text(rule);
               text.replace(0, 2, name);
               for (const seccomp::Rule& more : table_of("default: errno(ENOSYS)\n" + text).rules)
                 table.rules.push_back(more);
               std::ranges::sort(table.rules, {}, &seccomp::Rule::number);
             });
         one(base, out, [](Side& s) {
           s.filters.at("/f/build").fallback = {seccomp::Action::Kind::allow, 0};
         });
         for (const char* name : {"clone", "socket"})
           one(base, out, [&](Side& s) {
             std::ranges::find(s.filters.at("/f/build").rules, name, &seccomp::Rule::name)
                 ->condition.reset();
           });
         for (std::uint64_t bit = 0; bit < 32; ++bit)
           if (bit != 16)
             one(base, out, [&](Side& s) {
               *std::ranges::find(s.filters.at("/f/build").rules, "clone", &seccomp::Rule::name)
                    ->condition->when[0][0]
                    .mask |= std::uint64_t{1} << bit;
             });
         for (std::uint64_t value = 3; value < 40; ++value)
           one(base, out, [&](Side& s) {
             std::ranges::find(s.filters.at("/f/build").rules, "socket", &seccomp::Rule::name)
                 ->condition->when[0][1]
                 .ranges.push_back({value, value});
           });
       }},
      {"landlock",
       [](const Side& base, Mutants& out) {
         for (int abi = 1; abi < 6; ++abi)
           one(base, out, [&](Side& s) { build(s).landlock_abi = abi; });
       }},
      {"guard", [](const Side& base, Mutants& out) { without_each(base, out, &Profile::guard); }},
      {"devices",
       [](const Side& base, Mutants& out) {
         for (const char* name : {"/dev/fuse", "/dev/dri/renderD128", "/dev/net/tun"})
           one(base, out, [&](Side& s) { build(s).devices.emplace_back(name); });
       }},
      {"egress",
       [](const Side& base, Mutants& out) {
         for (int i = 0; i < 20; ++i)
           for (const EgressMode mode :
                {EgressMode::http, EgressMode::inspect, EgressMode::sni, EgressMode::raw})
             one(base, out, [&](Side& s) {
               build(s).egress.push_back(egress(std::format("new{}.example", i), 443, 443, mode));
             });
       }},
      {"egress.host",
       [](const Side& base, Mutants& out) {
         each_egress(base, out, [](EgressRule& r, std::size_t) {
           if (auto* pattern = std::get_if<HostPattern>(&r.target)) {
             if (pattern->below)
               pattern->name = "example";
             else
               pattern->below = true;  // other names: no order, and so wider
           } else {
             r.target = target("8.0.0.0/8");
           }
         });
       }},
      {"egress.port",
       [](const Side& base, Mutants& out) {
         for (const int more : {1, 2, 500})
           each_egress(base, out, [&](EgressRule& r, std::size_t) {
             r.ports.last = static_cast<std::uint16_t>(r.ports.last + more);
           });
       }},
      {"egress.mode",
       [](const Side& base, Mutants& out) {
         for (const EgressMode mode : {EgressMode::http, EgressMode::sni, EgressMode::raw}) {
           const std::size_t from = out.size();
           each_egress(base, out, [&](EgressRule& r, std::size_t) {
             if (inspected(r)) {
               r.mode = mode;
               r.inject.reset();
             }
           });
           drop_unchanged(out, from, [&](const Side& s) {
             return std::ranges::count_if(s.policy.profiles.at("build").egress, inspected) !=
                    std::ranges::count_if(base.policy.profiles.at("build").egress, inspected);
           });
         }
       }},
      {"egress.allow",
       [](const Side& base, Mutants& out) {
         for (const char* path : {"/**", "/a/*/c", "/b", "/a/*/*/**", "/"})
           for (const char* method : {"GET", "POST", "*"}) {
             const std::size_t from = out.size();
             each_egress(base, out, [&](EgressRule& r, std::size_t) {
               if (inspected(r)) r.allow.push_back(http(method, path));
             });
             drop_unchanged(out, from, [](const Side& s) {
               return std::ranges::any_of(s.policy.profiles.at("build").egress,
                                          [](const EgressRule& r) { return r.allow.size() > 2; });
             });
           }
       }},
      {"egress.whole_host",
       [](const Side& base, Mutants& out) {
         const std::size_t from = out.size();
         each_egress(base, out, [](EgressRule& r, std::size_t) {
           if (inspected(r)) {
             r.whole_host = true;
             r.allow.clear();
           }
         });
         drop_unchanged(out, from, [](const Side& s) {
           return std::ranges::any_of(
               s.policy.profiles.at("build").egress,
               [](const EgressRule& r) { return inspected(r) && r.whole_host; });
         });
       }},
      {"egress.trusted",
       [](const Side& base, Mutants& out) {
         each_egress(base, out, [](EgressRule& r, std::size_t) { r.trusted = true; });
       }},
      {"egress.private",
       [](const Side& base, Mutants& out) {
         const std::size_t from = out.size();
         each_egress(base, out, [](EgressRule& r, std::size_t) {
           r.private_addresses = std::holds_alternative<HostPattern>(r.target);
         });
         drop_unchanged(out, from, [](const Side& s) {
           return std::ranges::any_of(s.policy.profiles.at("build").egress,
                                      &EgressRule::private_addresses);
         });
       }},
      {"egress.inject",
       [](const Side& base, Mutants& out) {
         one(base, out, [](Side& s) {
           SecretRule more = s.policy.secrets.at("token");
           more.name = "second";
           s.policy.secrets.emplace("second", more);
           build(s).egress.push_back(build(s).egress[0]);
           build(s).egress.back().inject = "second";
         });
       }},
      {"deny.tools",
       [](const Side& base, Mutants& out) { without_each_denial(base, out, &Deny::tools); }},
      {"deny.paths",
       [](const Side& base, Mutants& out) { without_each_denial(base, out, &Deny::paths); }},
      {"deny.syscalls",
       [](const Side& base, Mutants& out) { without_each_denial(base, out, &Deny::syscalls); }},
      {"deny.egress",
       [](const Side& base, Mutants& out) { without_each_denial(base, out, &Deny::egress); }},
      {"approve",
       [](const Side& base, Mutants& out) { without_each(base, out, &Profile::approvals); }},
      {"approve.when.tool",
       [](const Side& base, Mutants& out) {
         one(base, out, [](Side& s) { build(s).approvals[0].tool = "mcp:github/merge_pull"; });
       }},
      {"approve.by",
       [](const Side& base, Mutants& out) {
         one(base, out, [](Side& s) { build(s).approvals[0].by = "webhook:anybody"; });
       }},
      {"approve.timeout",
       [](const Side& base, Mutants& out) {
         for (int more = 1; more < 20; ++more)
           one(base, out, [&](Side& s) { build(s).approvals[0].timeout += seconds(more); });
       }},
      {"audit.level",
       [](const Side& base, Mutants& out) {
         for (const AuditLevel level : {AuditLevel::args, AuditLevel::metadata})
           one(base, out, [&](Side& s) { build(s).audit.level = level; });
       }},
      {"audit.egress",
       [](const Side& base, Mutants& out) {
         one(base, out, [](Side& s) { build(s).audit.egress = AuditEgress::ordered; });
       }},
      {"audit.capture",
       [](const Side& base, Mutants& out) {
         for (const char* name : {"stdin", "files"})
           one(base, out, [&](Side& s) { build(s).audit.capture.erase(name); });
       }},
      {"secret.from",
       [](const Side& base, Mutants& out) {
         for (const char* name : {"token", "key"})
           one(base, out, [&](Side& s) { s.policy.secrets.at(name).from = "file:/x"; });
       }},
      {"secret.only",
       [](const Side& base, Mutants& out) {
         for (int port = 1; port < 100; ++port)
           one(base, out, [&](Side& s) {
             s.policy.secrets.at("key").only.push_back(
                 {HostPattern{"more.example", port % 2 == 0}, static_cast<std::uint16_t>(port)});
           });
         one(base, out, [](Side& s) {
           for (Endpoint& endpoint : s.policy.secrets.at("token").only) endpoint.port = 444;
         });
       }},
      {"secret.expose",
       [](const Side& base, Mutants& out) {
         one(base, out, [](Side& s) { s.policy.secrets.at("key").expose = Exposure::env; });
         one(base, out, [](Side& s) {
           s.policy.secrets.at("token").expose = Exposure::file;
           s.policy.secrets.at("token").tools = {"*"};
         });
       }},
      {"secret.tools",
       [](const Side& base, Mutants& out) {
         for (const char* tool : {"mcp:github/*", "*", "mcp:github/list"})
           one(base, out, [&](Side& s) { s.policy.secrets.at("key").tools.emplace_back(tool); });
       }},
      {"tool",
       [](const Side& base, Mutants& out) {
         for (const char* name : {"release", "publish"})
           one(base, out, [&](Side& s) {
             CustomTool more = s.policy.tools.at("deploy");
             more.name = name;
             s.policy.tools.emplace(name, more);
           });
       }},
      {"tool.command",
       [](const Side& base, Mutants& out) {
         one(base, out, [](Side& s) { s.policy.tools.at("deploy").command = {"/bin/sh"}; });
       }},
      {"tool.mcp.command",
       [](const Side& base, Mutants& out) {
         one(base, out,
             [](Side& s) { s.policy.tools.at("deploy").mcp_command = {"/usr/bin/server"}; });
       }},
      {"tool.mcp.url",
       [](const Side& base, Mutants& out) {
         one(base, out, [](Side& s) { s.policy.tools.at("deploy").mcp_url = "https://10.0.0.1/"; });
       }},
  };
  return table;
}

// False: nobody knows what is wider for this key.
bool widen_key(const std::string& key, const Side& base, Mutants& out) {
  constexpr std::string_view kCap = "cap.";
  if (key.starts_with(kCap)) {
    Mutants of_profile;
    if (!widen_key(key.substr(kCap.size()), base, of_profile)) return false;
    for (const Side& mutant : of_profile)
      one(base, out, [&](Side& s) {
        s.policy.cap = mutant.policy.profiles.at("build");
        // The profile keeps its own filter.
        if (key != "cap.syscalls") return;
        s.filters.emplace("/f/cap", mutant.filters.at("/f/build"));
        s.policy.cap->syscalls = "/f/cap";
      });
    return true;
  }
  for (std::size_t i = 0; i < kLimitNames.size(); ++i) {
    const std::string limit = std::format("limits.{}", kLimitNames.at(i).name);
    if (key == limit + ".value") return widen_limits(base, out, i), true;
    if (key == limit + ".enforce") return watch_limit(base, out, i), true;
  }
  const auto mutator = mutators().find(key);
  if (mutator == mutators().end()) return false;
  mutator->second(base, out);
  return true;
}

TEST_CASE("every widening of every key is reported, and the way back") {
  std::size_t mutations = 0;
  for (unsigned variant = 0; variant < kVariants; ++variant) {
    const Side base = rich(variant);
    CHECK(diff(base.policy, base.filters, base.policy, base.filters).empty());
    for (const std::string& key : keys_of_language()) {
      CAPTURE(key);
      Mutants mutants;
      REQUIRE(widen_key(key, base, mutants));
      REQUIRE(!mutants.empty());
      std::size_t number = 0;
      for (const Side& mutant : mutants) {
        const auto there = diff(base.policy, base.filters, mutant.policy, mutant.filters);
        const auto back = diff(mutant.policy, mutant.filters, base.policy, base.filters);
        // Where two values have no order, both ways are wider.
        const bool seen = widens(there) && (has(back, Direction::narrower) || widens(back));
        bool witnessed = true;
        // A policy beyond its cap cannot be loaded, and here the cap did not grow with it.
        Policy old = base.policy, now = mutant.policy;
        old.cap.reset();
        now.cap.reset();
        for (const CallerDifferences& of : there)
          for (const Difference& d : of.differences)
            witnessed =
                witnessed && (of.callers.empty() ||
                              holds(d, old, base.filters, now, mutant.filters, of.callers.front()));
        if (!seen || !witnessed) {
          std::string text;
          for (const CallerDifferences& of : there) text += text_of(of.differences);
          CAPTURE(key, number, variant, witnessed, text);
          CHECK(seen);
          CHECK(witnessed);
        }
        ++number;
      }
      mutations += mutants.size();
    }
  }
  INFO(mutations << " mutations");
  CHECK(mutations >= kLeastMutations);
}

TEST_CASE("a key without a mutation is told, and so is a mutation without a key") {
  const Side base = rich(0);
  Mutants none;
  CHECK_FALSE(widen_key("mount.colour", base, none));
  CHECK_FALSE(widen_key("cap.colour", base, none));
  CHECK(none.empty());
  const std::vector<std::string> keys = keys_of_language();
  for (const auto& [key, mutator] : mutators()) {
    CAPTURE(key);
    CHECK(std::ranges::contains(keys, key));
  }
  const std::vector<std::string> all = all_keys();
  for (const std::string_view key : kNeutral) {
    CAPTURE(key);
    CHECK(std::ranges::contains(all, key));
  }
}

}  // namespace
}  // namespace glovebox::policy
