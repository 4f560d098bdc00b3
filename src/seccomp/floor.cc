#include "seccomp/floor.h"

#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <format>
#include <functional>
#include <span>

#include "seccomp/words.h"

namespace glovebox::seccomp {

namespace {

// Never, with any arguments.
constexpr std::array<std::string_view, 57> kNever = {
    "_sysctl",
    "acct",
    "add_key",
    "bpf",
    "chroot",
    "clone3",
    "create_module",
    "delete_module",
    "fanotify_init",
    "finit_module",
    "fsconfig",
    "fsmount",
    "fsopen",
    "fspick",
    "get_kernel_syms",
    "init_module",
    "io_uring_enter",
    "io_uring_register",
    "io_uring_setup",
    "ioperm",
    "iopl",
    "kcmp",
    "kexec_file_load",
    "kexec_load",
    "keyctl",
    "listmount",
    "lookup_dcookie",
    "modify_ldt",
    "mount",
    "mount_setattr",
    "move_mount",
    "name_to_handle_at",
    "nfsservctl",
    "open_by_handle_at",
    "open_tree",
    "perf_event_open",
    "pidfd_getfd",
    "pivot_root",
    "process_madvise",
    "process_vm_readv",
    "process_vm_writev",
    "ptrace",
    "query_module",
    "quotactl",
    "quotactl_fd",
    "reboot",
    "request_key",
    "setns",
    "statmount",
    "swapoff",
    "swapon",
    "syslog",
    "umount2",
    "unshare",
    "uselib",
    "userfaultfd",
    "vhangup",
};
static_assert(std::ranges::is_sorted(kNever));

// Allowed in part, so what is allowed has to be explained.
constexpr std::array<std::string_view, 29> kDangerous = {
    "adjtimex",     "capset",  "clock_adjtime", "clock_settime",     "clone",
    "execveat",     "ioctl",   "ioprio_set",    "landlock_add_rule", "memfd_create",
    "memfd_secret", "mknod",   "mknodat",       "personality",       "pidfd_open",
    "prctl",        "seccomp", "sethostname",   "setdomainname",     "setresgid",
    "setresuid",    "setuid",  "setgid",        "settimeofday",      "socket",
    "socketpair",   "sysfs",   "ustat",         "vserver",
};

constexpr std::uint64_t kLow = 0xFFFFFFFF;
constexpr std::uint64_t kNewNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                                         CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
constexpr std::uint64_t kTiocSti = 0x5412, kTiocLinux = 0x541C;  // asm-generic/ioctls.h

using Kind = FloorBound::Kind;
constexpr std::uint64_t kNoNewNamespaces = kLow & ~kNewNamespaces;
constexpr std::uint64_t kNoListener = kLow & ~std::uint64_t{SECCOMP_FILTER_FLAG_NEW_LISTENER};

constexpr std::array<std::uint64_t, 1> kProcessFlags = {kNoNewNamespaces};
constexpr std::array<std::uint64_t, 2> kPersonalities = {0, kLow};
constexpr std::array<std::uint64_t, 2> kTerminalInput = {kTiocSti, kTiocLinux};
constexpr std::array<std::uint64_t, 3> kFamilies = {AF_PACKET, AF_VSOCK, AF_ALG};
constexpr std::array<std::uint64_t, 1> kFilterFlags = {kNoListener};
constexpr std::array<FloorBound, 6> kBounds = {{
    {Kind::within, "clone", 0, kProcessFlags, "new namespaces"},
    {Kind::only, "personality", 0, kPersonalities, "more than 0 and the query 0xffffffff"},
    {Kind::without, "ioctl", 1, kTerminalInput, "TIOCSTI or TIOCLINUX"},
    {Kind::without, "socket", 0, kFamilies, "AF_PACKET, AF_VSOCK or AF_ALG"},
    {Kind::without, "socketpair", 0, kFamilies, "AF_PACKET, AF_VSOCK or AF_ALG"},
    {Kind::within, "seccomp", 1, kFilterFlags, "a listener"},
}};

const Term* term_on(const Conjunction& conjunction, std::uint8_t argument) {
  const auto at = std::ranges::find(conjunction, argument, &Term::argument);
  return at == conjunction.end() ? nullptr : &*at;
}

// Some value with this low half satisfies the term. The kernel looks at the low half only, so a
// term on all 64 bits is asked about every upper half.
bool may_be(const Term& term, std::uint64_t low) {
  if (term.width == Width::low32) return term.holds(low);
  if (term.mask) return (low & ~*term.mask) == 0;
  return std::ranges::any_of(term.ranges, [&](const Range& range) {
    const std::uint64_t least = (range.first & ~kLow) | low;
    const std::uint64_t next = least + (kLow + 1);
    const auto inside = [&](std::uint64_t value) {
      return range.first <= value && value <= range.last;
    };
    return inside(least) || (next > least && inside(next));
  });
}

// A call whose argument has this low half may be let through, whatever its other arguments.
bool may_allow(const Rule& rule, std::uint8_t argument, std::uint64_t low) {
  constexpr auto kAllow = Action::Kind::allow;
  if (!rule.condition) return rule.action.kind == kAllow;
  const Predicate& when = rule.condition->when;
  if (rule.action.kind == kAllow && std::ranges::any_of(when, [&](const Conjunction& c) {
        const Term* term = term_on(c, argument);
        return term == nullptr || may_be(*term, low);
      }))
    return true;
  if (rule.condition->otherwise.kind != kAllow) return false;
  // Refused for sure only by an alternative that asks for nothing but this low half.
  return std::ranges::none_of(when, [&](const Conjunction& c) {
    return c.size() == 1 && c[0].argument == argument && c[0].width == Width::low32 &&
           c[0].holds(low);
  });
}

// Everything that may be let through has this argument inside the mask, or among the values.
bool only_allows(const Rule& rule, std::uint8_t argument,
                 const std::function<bool(const Term&)>& inside) {
  constexpr auto kAllow = Action::Kind::allow;
  if (!rule.condition) return rule.action.kind != kAllow;
  if (rule.condition->otherwise.kind == kAllow) return false;
  if (rule.action.kind != kAllow) return true;
  return std::ranges::all_of(rule.condition->when, [&](const Conjunction& c) {
    const Term* term = term_on(c, argument);
    return term != nullptr && inside(*term);
  });
}

bool within_mask(const Term& term, std::uint64_t forbidden) {
  if (term.mask) return (*term.mask & forbidden) == 0;
  return std::ranges::all_of(term.ranges, [&](const Range& range) {
    return range.first == range.last && (range.first & forbidden) == 0;
  });
}

bool among(const Term& term, std::span<const std::uint64_t> values) {
  const auto good = [&](std::uint64_t v) { return std::ranges::find(values, v) != values.end(); };
  if (term.mask) return *term.mask == 0 && good(0);
  return std::ranges::all_of(term.ranges, [&](const Range& range) {
    return range.first == range.last && good(range.first);
  });
}

// The rule may let a call through that the bound forbids.
bool passes(const Rule& rule, const FloorBound& bound) {
  const auto values = bound.values;
  switch (bound.kind) {
    case Kind::without:
      return std::ranges::any_of(
          values, [&](std::uint64_t value) { return may_allow(rule, bound.argument, value); });
    case Kind::within:
      return !only_allows(rule, bound.argument,
                          [&](const Term& t) { return within_mask(t, kLow & ~values.front()); });
    case Kind::only:
      break;
  }
  return !only_allows(rule, bound.argument, [&](const Term& t) { return among(t, values); });
}

}  // namespace

const FloorBound* floor_bound(std::string_view name) {
  const auto at = std::ranges::find(kBounds, name, &FloorBound::name);
  return at == kBounds.end() ? nullptr : &*at;
}

std::string floor_of(std::string_view name) {
  if (std::ranges::binary_search(kNever, name)) return "no tool may have it, with any arguments";
  const FloorBound* bound = floor_bound(name);
  return bound == nullptr ? std::string() : std::format("no tool may have it with {}", bound->what);
}

std::vector<FloorBreach> check_floor(const Table& table) {
  std::vector<FloorBreach> breaches;
  if (table.fallback.kind == Action::Kind::allow) breaches.push_back({nullptr, "the default"});
  for (const Rule& rule : table.rules) {
    const auto breach = [&](std::string what) { breaches.push_back({&rule, std::move(what)}); };
    if (std::ranges::binary_search(kNever, rule.name)) {
      const bool allows = rule.action.kind == Action::Kind::allow ||
                          (rule.condition && rule.condition->otherwise.kind == Action::Kind::allow);
      if (allows) breach(rule.name);
    } else if (const FloorBound* bound = floor_bound(rule.name);
               bound != nullptr && passes(rule, *bound)) {
      breach(std::format("{} with {}", rule.name, bound->what));
    }
  }
  return breaches;
}

bool is_dangerous(std::string_view name) {
  return std::ranges::binary_search(kNever, name) ||
         std::ranges::find(kDangerous, name) != kDangerous.end();
}

}  // namespace glovebox::seccomp
