#include "seccomp/filter.h"

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/digest.h"
#include "seccomp/bpf.h"
#include "seccomp/floor.h"
#include "seccomp/parse.h"
#include "seccomp/prove.h"
#include "seccomp/table.h"

namespace glovebox::seccomp {
namespace {

namespace fs = std::filesystem;

fs::path source_root() {
  const char* root = std::getenv("GLOVEBOX_SOURCE_ROOT");
  return root != nullptr ? root : GLOVEBOX_SOURCE_ROOT;
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Table shipped(std::string_view name, Arch arch = kHostArch) {
  auto table = parse(name, builtin_text(name).value(), builtin_set, arch);
  REQUIRE(table);
  return *table;
}

TEST_CASE("names that are no built-in filter") {
  for (const char* name : {"", "bas", "bash.policy", "builtin:bash", "../bash", "base"}) {
    CHECK(!builtin_text(name));
    CHECK(compile_builtin(name).error().kind() == ErrorKind::not_found);
    CHECK(artefacts_of(name).error().kind() == ErrorKind::not_found);
    CHECK(!prove_builtin(name));
  }
}

TEST_CASE("a wrong filter of the operator's is invalid, with its place") {
  const auto wrong = compile_file("a/own.policy", "default: kill\nread: allow\nread: allow\n");
  REQUIRE(!wrong);
  CHECK(wrong.error().kind() == ErrorKind::invalid);
  CHECK(wrong.error().message().starts_with("a/own.policy:3:1: error GB0509: "));
}

TEST_CASE("a filter of the operator's cannot lift the floor") {
  const std::string text =
      "default: errno(ENOSYS)\n@base\nbpf: allow  # we need it\nmount: allow  # this too\n";
  const auto lifted = compile_file("own.policy", text);
  REQUIRE(!lifted);
  CHECK(lifted.error().kind() == ErrorKind::invalid);
  CHECK(lifted.error().message() ==
        "own.policy:4:1: error GB0514: no tool may have mount\n"
        "  mount: allow  # this too\n  ^^^^^\n"
        "  hint: this is the floor of every filter of a tool; refuse it: errno(EPERM)\n"
        "own.policy:3:1: error GB0514: no tool may have bpf\n"
        "  bpf: allow  # we need it\n  ^^^\n"
        "  hint: this is the floor of every filter of a tool; refuse it: errno(EPERM)");
  for (const Arch arch : kArches) {
    CHECK(!prove_text("own.policy", text, FilterUser::tool, arch));
    CHECK(prove_text("own.policy", text, FilterUser::role, arch));
  }
}

TEST_CASE("the set that lifts the floor is shown, and a set that is misspelt is guessed") {
  const auto making = prove_text("own.policy", "default: kill\n@box-making\n", FilterUser::tool);
  REQUIRE(!making);
  CHECK(making.error().front().file == "box-making.set");
  CHECK(making.error().front().source.starts_with("pivot_root: allow"));
  const auto misspelt = prove_text("own.policy", "default: kill\n@fils\n", FilterUser::tool);
  REQUIRE(!misspelt);
  CHECK(misspelt.error().front().hint == "did you mean `@files`?");
  const auto unknown = prove_text("own.policy", "default: kill\n@\n", FilterUser::tool);
  REQUIRE(!unknown);
  CHECK(unknown.error().front().hint.starts_with("the sets are @base @box-making"));
}

TEST_CASE("a filter that reports calls lets the way to report out of the box") {
  struct Row {
    const char* name;
    const char* lines;
    const char* missing;
  };
  const Row rows[] = {
      {"neither", "ptrace: notify  # r\n", "sendmsg"},
      {"no close", "ptrace: notify  # r\nsendmsg: allow\n", "close"},
      {"refused", "close: allow\nptrace: notify  # r\nsendmsg: errno(EPERM)\n", "sendmsg"},
      {"reported", "close: allow\nptrace: notify  # r\nsendmsg: notify\n", "sendmsg"},
      {"now and then", "close: allow\nptrace: notify  # r\nsendmsg: allow if arg0 == 3\n",
       "sendmsg"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto made =
          compile_file("own.policy", std::format("default: errno(ENOSYS)\n{}", row.lines));
      REQUIRE(!made);
      CHECK(made.error().kind() == ErrorKind::invalid);
      CHECK(made.error().message().contains("own.policy:"));
      CHECK(made.error().message().contains(std::format("`{}: allow`", row.missing)));
    }
  }
  const auto good =
      compile_file("own.policy",
                   "default: errno(ENOSYS)\nclose: allow\nptrace: notify  # r\nsendmsg: allow\n"
                   "socket: allow if low(arg0) == AF_UNIX\n"
                   "    else notify(EAFNOSUPPORT) if low(arg0) in {AF_PACKET, AF_VSOCK}\n"
                   "    else errno(EAFNOSUPPORT)  # r\n");
  REQUIRE(good);
  CHECK(good->reports == std::vector<ReportingRule>{{41, "socket", "own.policy:5"},
                                                    {101, "ptrace", "own.policy:3"}});
  CHECK(compile_builtin("role-boxer").value().reports.size() > 10);
  const auto silent = compile_file("own.policy", "default: kill\nread: allow\n");
  CHECK(silent.value().reports.empty());
}

TEST_CASE("a report that a filter below answers itself is refused") {
  struct Row {
    const char* line;
    const char* place;
  };
  const Row rows[] = {
      {"fanotify_init: notify  # r\n", "own.policy:3:1"},
      {"kexec_load: notify  # r\n", "own.policy:3:1"},
      // For some of its calls.
      {"socket: allow if low(arg0) == AF_UNIX else notify(EAFNOSUPPORT)  # r\n", "own.policy:4:1"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.line) {
      std::vector<std::string> lines = {"close: allow\n", "sendmsg: allow\n", row.line};
      std::ranges::sort(lines);
      std::string text = "default: errno(ENOSYS)\n";
      for (const std::string& line : lines) text += line;
      const auto made = compile_file("own.policy", text);
      REQUIRE(!made);
      INFO(made.error().message());
      CHECK(made.error().message().starts_with(std::string(row.place) + ": error GB0518: "));
    }
  }
  // Each of the shipped ones is heard.
  for (const Arch arch : kArches)
    for (const char* name : {"bash", "file", "search"})
      CHECK(prove_text("own.policy", *builtin_text(name), FilterUser::tool, arch));
}

TEST_CASE("what a policy denies may not be the way by which reports leave the box") {
  for (const char* name : {"sendmsg", "close"}) {
    const DeniedCall denied[] = {{name, "p.toml:7:3"}};
    const auto made = compile_builtin("bash", denied);
    REQUIRE(!made);
    CHECK(made.error().message().contains(std::format("`{}: allow`", name)));
  }
  const DeniedCall ordinary[] = {{"ptrace", "p.toml:7:3"}};
  CHECK(compile_builtin("bash", ordinary));
}

TEST_CASE("a filter of the operator's compiles like a shipped one") {
  const auto own = compile_file("own.policy", builtin_text("file").value());
  REQUIRE(own);
  CHECK(own->name == "own.policy");
  CHECK(own->program == compile_builtin("file").value().program);
}

TEST_CASE("the texts of the source folder are those of the binary") {
  std::set<std::string> policies, sets;
  for (const auto& entry : fs::directory_iterator(source_root() / "seccomp")) {
    const fs::path& path = entry.path();
    CAPTURE(path);
    const bool policy = path.extension() == ".policy";
    CHECK((policy || path.extension() == ".set"));
    (policy ? policies : sets).insert(path.stem());
    const auto text =
        policy ? builtin_text(path.stem().string()) : builtin_set(path.stem().string());
    REQUIRE(text);
    CHECK(*text == read_file(path));
  }
  CHECK(policies == std::set<std::string>{"bash", "file", "search", "role-supervisor",
                                          "role-auditor", "role-boxer", "role-keeper",
                                          "role-worker", "role-egress", "role-plane"});
  CHECK(sets.size() == 9);
}

TEST_CASE("each line of a shipped text says why, or needs no reason") {
  for (const std::string_view name : builtin_names()) {
    const Table table = shipped(name);
    CHECK(table.fallback == Action{Action::Kind::error, 38});  // ENOSYS: libraries fall back
    for (const Rule& rule : table.rules) {
      CAPTURE(name, rule.name);
      CHECK((!rule.reason.empty() || !is_dangerous(rule.name)));
      CHECK(rule.action.kind != Action::Kind::kill_process);
      CHECK((!rule.condition || !rule.reason.empty()));
    }
  }
}

TEST_CASE("every shipped filter compiles and is proved") {
  for (const std::string_view name : builtin_names()) {
    CAPTURE(name);
    const auto made = compile_builtin(name);
    INFO((made ? "" : made.error().message()));
    REQUIRE(made);
    CHECK(made->name == name);
    CHECK(made->digest == codec::sha256(made->program).hex());
    const auto program = from_bytes(made->program);
    REQUIRE(program);
    CHECK(prove(shipped(name), *program));
    // The cost of a load grows with the length: about 0.3 us an instruction, in each call.
    CHECK(program->size() < 700);
  }
}

TEST_CASE("no shipped tool filter lifts the floor") {
  for (const char* name : {"bash", "file", "search"}) {
    for (const FloorBreach& breach : check_floor(shipped(name))) FAIL(breach.what);
  }
}

// A filter passes to children and each one more can only take away: whoever starts another must
// not lack what that one is meant to have.
TEST_CASE("no filter takes from a child what the child's own filter allows") {
  struct Row {
    const char* parent;
    const char* child;
  };
  const Row rows[] = {
      {"role-supervisor", "role-boxer"},
      {"role-supervisor", "role-worker"},
      {"role-supervisor", "role-auditor"},
      {"role-supervisor", "role-plane"},
      {"role-supervisor", "role-egress"},
      {"role-boxer", "role-keeper"},
      {"role-keeper", "bash"},
      {"role-keeper", "search"},
      {"role-keeper", "file"},
  };
  constexpr auto kAllow = Action::Kind::allow;
  for (const Row& row : rows) {
    for (const Arch arch : kArches) {
      DYNAMIC_SECTION(row.parent << " for " << row.child << " on " << to_string(arch)) {
        const Table parent = shipped(row.parent, arch), child = shipped(row.child, arch);
        auto calls = proof_calls(parent);
        std::ranges::move(proof_calls(child), std::back_inserter(calls));
        std::size_t allowed = 0;
        for (const Call& call : calls) {
          if (evaluate(child, call).kind != kAllow) continue;
          ++allowed;
          if (evaluate(parent, call).kind == kAllow) continue;
          FAIL(to_string(Difference{call, evaluate(parent, call), 0x7fff0000}));
        }
        CHECK(allowed > 100);
      }
    }
  }
}

// The kernel takes the strictest answer of all filters of a process, and of equal ones that of the
// newest: an errno of a role's filter would silence what the tool's filter reports.
TEST_CASE("what a tool's filter reports, no filter below it answers first") {
  constexpr auto kNotify = Action::Kind::notify;
  for (const char* tool : {"bash", "search", "file"}) {
    const Table filter = shipped(tool);
    for (const char* below : {"role-keeper", "role-boxer", "role-supervisor"}) {
      DYNAMIC_SECTION(tool << " on " << below) {
        const Table role = shipped(below);
        std::size_t reported = 0;
        auto calls = proof_calls(role);
        std::ranges::move(proof_calls(filter), std::back_inserter(calls));
        for (const Call& call : calls) {
          if (evaluate(filter, call).kind != kNotify) continue;
          ++reported;
          const Action answer = evaluate(role, call);
          if (answer.kind == kNotify || answer.kind == Action::Kind::allow) continue;
          FAIL(to_string(Difference{call, answer, 0x7fc00001}));
        }
        CHECK(reported > 20);
      }
    }
  }
}

// §10.6 of the policy's design: what is seen when it is tried.
TEST_CASE("the small set of calls that are reported") {
  const auto names = [](std::string_view filter) {
    std::set<std::string> names;
    for (const ReportingRule& rule : compile_builtin(filter).value().reports)
      names.insert(rule.name);
    return names;
  };
  const std::set<std::string> always = {
      "bpf",    "fsconfig", "fsmount",    "fsopen",    "fspick",          "io_uring_setup",
      "keyctl", "mount",    "move_mount", "open_tree", "perf_event_open", "mount_setattr",
      "ptrace", "setns",    "umount2",    "unshare",   "userfaultfd",     "pivot_root"};
  CHECK(names("file") == always);
  CHECK(names("search") == always);
  auto with_programs = always;
  with_programs.insert({"clone", "socket"});
  CHECK(names("bash") == with_programs);
}

TEST_CASE("what each filter is for") {
  constexpr std::uint64_t kNewUser = 0x10000000, kThread = 0x3d0f00, kFork = 17;
  struct Row {
    const char* filter;
    const char* name;
    Call call;
    const char* action;
  };
  const Row rows[] = {
      {"bash", "execve", {.number = 59}, "allow"},
      {"bash", "fork by clone", {.number = 56, .arguments = {kFork}}, "allow"},
      {"bash", "thread", {.number = 56, .arguments = {kThread}}, "allow"},
      {"bash",
       "user namespace by clone",
       {.number = 56, .arguments = {kNewUser | kFork}},
       "notify(EPERM)"},
      {"bash", "clone3", {.number = 435}, "errno(ENOSYS)"},
      {"bash", "io_uring_setup", {.number = 425}, "notify(ENOSYS)"},
      {"bash", "io_uring_enter", {.number = 426}, "errno(ENOSYS)"},
      {"bash", "ptrace", {.number = 101}, "notify(EPERM)"},
      {"bash", "mount", {.number = 165}, "notify(EPERM)"},
      {"bash", "TCP", {.number = 41, .arguments = {2, 1, 0}}, "allow"},
      {"bash",
       "TCP, close on exec, not blocking",
       {.number = 41, .arguments = {10, 0x80801, 6}},
       "allow"},
      {"bash", "UDP", {.number = 41, .arguments = {10, 2, 17}}, "allow"},
      {"bash", "MPTCP", {.number = 41, .arguments = {2, 1, 262}}, "errno(EAFNOSUPPORT)"},
      {"bash", "SCTP", {.number = 41, .arguments = {2, 1, 132}}, "errno(EAFNOSUPPORT)"},
      {"bash", "raw", {.number = 41, .arguments = {2, 3, 0}}, "errno(EAFNOSUPPORT)"},
      {"bash", "ping", {.number = 41, .arguments = {2, 2, 1}}, "errno(EAFNOSUPPORT)"},
      {"bash", "seqpacket over IP", {.number = 41, .arguments = {2, 5, 0}}, "errno(EAFNOSUPPORT)"},
      {"bash", "local", {.number = 41, .arguments = {1, 5, 0}}, "allow"},
      {"bash", "netlink route", {.number = 41, .arguments = {16, 3, 0}}, "allow"},
      {"bash",
       "netlink netfilter",
       {.number = 41, .arguments = {16, 3, 12}},
       "errno(EAFNOSUPPORT)"},
      {"bash", "vsock", {.number = 41, .arguments = {40, 1, 0}}, "notify(EAFNOSUPPORT)"},
      {"bash",
       "vsock with junk above",
       {.number = 41, .arguments = {0xFFFFFFFF'00000028, 1, 0}},
       "notify(EAFNOSUPPORT)"},
      {"bash", "alg", {.number = 41, .arguments = {38, 5, 0}}, "errno(EAFNOSUPPORT)"},
      {"bash", "packet", {.number = 41, .arguments = {17, 3, 0}}, "notify(EAFNOSUPPORT)"},
      {"bash", "pair", {.number = 53, .arguments = {1, 1, 0}}, "allow"},
      {"bash", "pair of TIPC", {.number = 53, .arguments = {30, 1, 0}}, "errno(EAFNOSUPPORT)"},
      {"bash", "TCGETS", {.number = 16, .arguments = {0, 0x5401}}, "allow"},
      {"bash", "TIOCSTI", {.number = 16, .arguments = {0, 0x5412}}, "errno(EPERM)"},
      {"bash",
       "TIOCSTI with junk above",
       {.number = 16, .arguments = {0, 0xFFFFFFFF'00005412}},
       "errno(EPERM)"},
      {"bash", "TIOCLINUX", {.number = 16, .arguments = {0, 0x541C}}, "errno(EPERM)"},
      {"bash", "personality query", {.number = 135, .arguments = {0xFFFFFFFF}}, "allow"},
      {"bash", "READ_IMPLIES_EXEC", {.number = 135, .arguments = {0x400000}}, "errno(EPERM)"},
      {"bash", "PER_LINUX32", {.number = 135, .arguments = {8}}, "errno(EPERM)"},
      {"bash", "PR_SET_NAME", {.number = 157, .arguments = {15}}, "allow"},
      {"bash", "PR_SET_MM", {.number = 157, .arguments = {35}}, "errno(EPERM)"},
      {"bash", "PR_SET_PTRACER", {.number = 157, .arguments = {0x59616d61}}, "errno(EPERM)"},
      {"bash", "PR_SET_SECCOMP", {.number = 157, .arguments = {22, 2}}, "errno(EPERM)"},
      {"bash", "own filter", {.number = 317, .arguments = {1, 0}}, "allow"},
      {"bash", "listener", {.number = 317, .arguments = {1, 8}}, "errno(EPERM)"},
      {"file", "openat2", {.number = 437}, "allow"},
      {"file", "thread", {.number = 56, .arguments = {kThread}}, "allow"},
      {"file", "fork by clone", {.number = 56, .arguments = {kFork}}, "errno(EPERM)"},
      {"file", "fork", {.number = 57}, "errno(EPERM)"},
      {"file", "execve", {.number = 59}, "errno(EPERM)"},
      {"file", "execveat", {.number = 322}, "errno(EPERM)"},
      {"file", "socket", {.number = 41, .arguments = {1, 1, 0}}, "errno(EPERM)"},
      {"file", "io_uring_setup", {.number = 425}, "notify(ENOSYS)"},
      {"search", "execve", {.number = 59}, "allow"},
      {"search", "execveat", {.number = 322}, "errno(EPERM)"},
      {"search", "fork by clone", {.number = 56, .arguments = {kFork}}, "errno(EPERM)"},
      {"search", "socket", {.number = 41, .arguments = {1, 1, 0}}, "errno(EPERM)"},
      {"role-keeper", "clone3", {.number = 435}, "allow"},
      {"role-keeper", "mount", {.number = 165}, "allow"},
      {"role-keeper", "new session keyring", {.number = 250, .arguments = {1}}, "allow"},
      {"role-keeper", "read a key", {.number = 250, .arguments = {11}}, "notify(EPERM)"},
      {"role-keeper", "listener", {.number = 317, .arguments = {1, 0x28}}, "allow"},
      {"role-keeper", "ptrace", {.number = 101}, "notify(EPERM)"},
      {"role-keeper", "bounding set", {.number = 157, .arguments = {24}}, "allow"},
      {"role-boxer", "bpf", {.number = 321}, "notify(EPERM)"},
      {"role-supervisor", "execveat", {.number = 322}, "allow"},
      {"role-supervisor", "ptrace", {.number = 101}, "notify(EPERM)"},
      {"role-auditor", "fdatasync", {.number = 75}, "allow"},
      {"role-auditor", "recvmsg", {.number = 47}, "allow"},
      {"role-auditor", "socket", {.number = 41, .arguments = {1, 1, 0}}, "errno(EPERM)"},
      {"role-auditor", "connect", {.number = 42}, "errno(ENOSYS)"},
      {"role-auditor", "execve", {.number = 59}, "errno(EPERM)"},
      {"role-auditor", "fork by clone", {.number = 56, .arguments = {kFork}}, "errno(EPERM)"},
      {"role-worker", "TCP", {.number = 41, .arguments = {2, 0x80801, 6}}, "allow"},
      {"role-worker", "packet", {.number = 41, .arguments = {17, 3, 0}}, "notify(EAFNOSUPPORT)"},
      {"role-worker", "execve", {.number = 59}, "errno(EPERM)"},
      {"role-worker", "mount", {.number = 165}, "notify(EPERM)"},
      {"role-worker", "FIONBIO", {.number = 16, .arguments = {3, 0x5421}}, "allow"},
      {"role-egress", "TCP", {.number = 41, .arguments = {2, 0x80801, 6}}, "allow"},
      {"role-egress", "packet", {.number = 41, .arguments = {17, 3, 0}}, "notify(EAFNOSUPPORT)"},
      {"role-egress", "splice", {.number = 275}, "allow"},
      {"role-egress", "openat", {.number = 257}, "errno(EACCES)"},
      {"role-egress", "open", {.number = 2}, "errno(EACCES)"},
      {"role-egress", "unlink", {.number = 87}, "errno(ENOSYS)"},
      {"role-egress", "execve", {.number = 59}, "errno(EPERM)"},
      {"role-egress", "fork by clone", {.number = 56, .arguments = {kFork}}, "errno(EPERM)"},
      {"role-plane", "listen", {.number = 50}, "allow"},
      {"role-plane", "execve", {.number = 59}, "errno(EPERM)"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.filter << ": " << row.name) {
      CHECK(to_string(evaluate(shipped(row.filter), row.call)) == row.action);
    }
  }
}

TEST_CASE("what each filter is for on aarch64") {
  struct Row {
    const char* filter;
    const char* name;
    std::uint32_t number;
    std::array<std::uint64_t, kArguments> arguments;
    const char* action;
  };
  const Row rows[] = {
      {"bash", "execve", 221, {}, "allow"},
      {"bash", "fork by clone", 220, {17}, "allow"},
      {"bash", "user namespace by clone", 220, {0x10000000 | 17}, "notify(EPERM)"},
      {"bash", "clone3", 435, {}, "errno(ENOSYS)"},
      {"bash", "io_uring_setup", 425, {}, "notify(ENOSYS)"},
      {"bash", "mount", 40, {}, "notify(EPERM)"},
      {"bash", "ptrace", 117, {}, "notify(EPERM)"},
      {"bash", "TCP", 198, {2, 1, 0}, "allow"},
      {"bash", "vsock", 198, {40, 1, 0}, "notify(EAFNOSUPPORT)"},
      {"bash", "TIOCSTI with junk above", 29, {0, 0xFFFFFFFF'00005412}, "errno(EPERM)"},
      {"bash", "READ_IMPLIES_EXEC", 92, {0x400000}, "errno(EPERM)"},
      {"bash", "listener", 277, {1, 8}, "errno(EPERM)"},
      {"file", "openat", 56, {}, "allow"},
      {"file", "execve", 221, {}, "errno(EPERM)"},
      {"file", "fork by clone", 220, {17}, "errno(EPERM)"},
      {"file", "socket", 198, {1, 1, 0}, "errno(EPERM)"},
      {"search", "execve", 221, {}, "allow"},
      {"role-auditor", "connect", 203, {}, "errno(ENOSYS)"},
      {"role-keeper", "mount", 40, {}, "allow"},
      {"role-worker", "mount", 40, {}, "notify(EPERM)"},
      {"role-supervisor", "bpf", 280, {}, "notify(EPERM)"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.filter << ": " << row.name) {
      const Call call{
          .number = row.number, .arch = audit_number(Arch::aarch64), .arguments = row.arguments};
      CHECK(to_string(evaluate(shipped(row.filter, Arch::aarch64), call)) == row.action);
    }
  }
}

// The other architecture is compiled on this one and shown right by the interpreter alone.
TEST_CASE("every shipped filter is proved on every architecture") {
  for (const std::string_view name : builtin_names()) {
    for (const Arch arch : kArches) {
      DYNAMIC_SECTION(name << " on " << to_string(arch)) {
        const auto proved = prove_builtin(name, arch);
        REQUIRE(proved);
        REQUIRE(*proved);
        const Table& table = (*proved)->table;
        CHECK(table.arch == arch);
        const auto program = from_bytes((*proved)->program);
        REQUIRE(program);
        CHECK(program->size() < 700);
        const Call getpid{.number = arch == Arch::x86_64 ? 39U : 172U, .arch = audit_number(arch)};
        CHECK(to_action(run(*program, getpid).value()) == Action{Action::Kind::allow, 0});
        for (const Arch other : kArches) {
          if (other == arch) continue;
          const Call foreign{.number = getpid.number, .arch = audit_number(other)};
          CHECK(to_action(run(*program, foreign).value()) == Action{Action::Kind::kill_process, 0});
        }
        // A name that no line of the text has is in neither list.
        CHECK(table.absent.empty() == (arch == Arch::x86_64));
      }
    }
  }
}

fs::path artefact_folder() {
  const char* folder = std::getenv("GLOVEBOX_SECCOMP_ARTEFACTS");
  return folder != nullptr ? folder : GLOVEBOX_SECCOMP_ARTEFACTS;
}

TEST_CASE("the artefacts that the build wrote are the reviewed ones") {
  const fs::path golden = source_root() / "tests/golden/seccomp";
  const bool accept = std::getenv("GLOVEBOX_ACCEPT") != nullptr;
  std::set<std::string> wanted;
  for (const std::string_view name : builtin_names()) {
    const auto artefacts = artefacts_of(name);
    REQUIRE(artefacts);
    const std::pair<std::string, const std::string&> files[] = {
        {std::format("{}.table", name), artefacts->table},
        {std::format("{}.bpf.txt", name), artefacts->program}};
    for (const auto& [file, text] : files) {
      CAPTURE(file);
      wanted.insert(file);
      CHECK(read_file(artefact_folder() / file) == text);
      if (accept) std::ofstream(golden / file, std::ios::binary) << text;
      REQUIRE(fs::exists(golden / file));
      CHECK(read_file(golden / file) == text);
    }
  }
  std::set<std::string> found;
  for (const auto& entry : fs::directory_iterator(golden)) found.insert(entry.path().filename());
  CHECK(found == wanted);
}

}  // namespace
}  // namespace glovebox::seccomp
