#include "seccomp/floor.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support.h"

namespace glovebox::seccomp {
namespace {

struct Row {
  const char* rule;
  const char* breach;  // null: within the floor
};

constexpr Row kRows[] = {
    {"ptrace: allow", "ptrace"},
    {"clone3: allow", "clone3"},
    {"bpf: allow if arg0 == 1 else errno(EPERM)", "bpf"},
    {"bpf: errno(EPERM) if arg0 == 1 else allow", "bpf"},
    {"io_uring_setup: allow", "io_uring_setup"},
    {"unshare: allow", "unshare"},
    {"clone: allow", "clone with new namespaces"},
    {"clone: allow if low(arg0) in CLONE_NEWUSER|CLONE_VM", "clone with new namespaces"},
    {"clone: allow if arg1 == 0", "clone with new namespaces"},
    {"clone: allow if low(arg0) in {0..0xfffffffe}", "clone with new namespaces"},
    {"clone: errno(EPERM) if low(arg0) == CLONE_NEWUSER else allow", "clone with new namespaces"},
    {"clone: allow if low(arg0) in CLONE_VM || arg2 == 0", "clone with new namespaces"},
    {"personality: allow", "personality"},
    {"personality: allow if low(arg0) in 0x40000", "personality"},
    {"personality: allow if low(arg0) in {0..8}", "personality"},
    {"ioctl: allow", "ioctl with TIOCSTI"},
    {"ioctl: errno(EPERM) if arg1 == TIOCSTI else allow", "ioctl with TIOCSTI"},
    {"ioctl: errno(EPERM) if low(arg1) == TIOCSTI && arg0 == 0 else allow", "ioctl with TIOCSTI"},
    {"ioctl: errno(EPERM) if low(arg1) == TIOCSTI else allow", "ioctl with TIOCSTI or TIOCLINUX"},
    {"ioctl: allow if low(arg1) in {0x5401..0x5412}", "ioctl with TIOCSTI"},
    {"ioctl: allow if arg1 == 0x100005412", "ioctl with TIOCSTI"},
    {"ioctl: allow if arg1 in {0x5500..0x10000541c}", "ioctl with TIOCSTI or TIOCLINUX"},
    {"socket: allow", "socket with AF_PACKET"},
    {"socket: allow if low(arg0) in {AF_UNIX, AF_VSOCK}", "socket with AF_PACKET"},
    {"socket: allow if low(arg1) == 1", "socket with AF_PACKET"},
    {"socketpair: allow", "socketpair with AF_PACKET"},
    {"seccomp: allow", "seccomp with a listener"},
    {"seccomp: allow if low(arg1) in 0xf", "seccomp with a listener"},
    {"seccomp: allow if low(arg1) == 0x18", "seccomp with a listener"},
    {"seccomp: errno(EPERM) if low(arg1) == 8 else allow", "seccomp with a listener"},
    {"seccomp: allow if low(arg0) == 1", "seccomp with a listener"},

    {"ptrace: errno(EPERM)", nullptr},
    {"ptrace: kill", nullptr},
    {"ptrace: notify", nullptr},
    {"socket: allow if low(arg0) == AF_UNIX else notify if low(arg0) == AF_VSOCK", nullptr},
    {"socket: notify if low(arg0) == AF_UNIX else errno(EPERM) if low(arg0) == 9 else allow",
     "socket with AF_PACKET"},
    {"clone: allow if low(arg0) in CLONE_VM|CLONE_THREAD", nullptr},
    {"clone: allow if arg0 == CLONE_VM|CLONE_THREAD", nullptr},
    {"clone: errno(EPERM)", nullptr},
    {"personality: allow if low(arg0) in {0, 0xffffffff}", nullptr},
    {"personality: allow if arg0 == 0", nullptr},
    {"ioctl: errno(EPERM) if low(arg1) in {TIOCSTI, TIOCLINUX} else allow", nullptr},
    {"ioctl: errno(EPERM) if low(arg1) == TIOCSTI || low(arg1) == TIOCLINUX else allow", nullptr},
    {"ioctl: allow if arg1 in {0x5401, 0x100005401}", nullptr},
    {"ioctl: allow if arg1 in {0x5500..0x100005401}", nullptr},
    {"socket: allow if low(arg0) in {AF_UNIX, AF_INET}", nullptr},
    {"seccomp: allow if low(arg1) in 7", nullptr},
    {"mknod: allow", nullptr},
};

TEST_CASE("no rule lifts the floor") {
  for (const Row& row : kRows) {
    DYNAMIC_SECTION(row.rule) {
      const Table table = with_rule(row.rule);
      const auto breaches = check_floor(table);
      if (row.breach == nullptr) {
        CHECK(breaches.empty());
        continue;
      }
      bool named = false;
      for (const FloorBreach& breach : breaches)
        named = named || breach.what.starts_with(row.breach);
      CHECK(named);
    }
  }
}

TEST_CASE("what the floor says of a call") {
  CHECK(floor_of("ptrace") == "no tool may have it, with any arguments");
  CHECK(floor_of("ioctl") == "no tool may have it with TIOCSTI or TIOCLINUX");
  CHECK(floor_of("seccomp") == "no tool may have it with a listener");
  CHECK(floor_of("getpid").empty());
  CHECK(floor_bound("ptrace") == nullptr);
  REQUIRE(floor_bound("clone") != nullptr);
  CHECK(floor_bound("clone")->values[0] == 0x81fdffff);
}

TEST_CASE("a table that allows what it does not name lifts the floor") {
  Table table = with_rule("getpid: allow");
  table.fallback = {Action::Kind::allow, 0};
  CHECK(check_floor(table).size() == 1);
}

}  // namespace
}  // namespace glovebox::seccomp
