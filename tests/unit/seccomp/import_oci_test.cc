#include "seccomp/import_oci.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <format>
#include <string>
#include <string_view>
#include <vector>

#include "seccomp/filter.h"
#include "seccomp/oci_rules.h"
#include "support.h"

namespace glovebox::seccomp {
namespace {

// A profile of one group about `names`, with what else stands in the group.
std::string profile(std::string_view names, std::string_view rest = "",
                    std::string_view action = "SCMP_ACT_ALLOW") {
  return std::format(
      R"({{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{{"names":[{}],"action":"{}"{}}}]}})",
      names, action, rest);
}
std::string two(std::string_view one, std::string_view other) {
  return std::format(R"({{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{},{}]}})", one, other);
}

TEST_CASE("a profile that is none is refused at its place") {
  struct Row {
    const char* name;
    std::string json;
    const char* error;
  };
  std::string many = R"("read")";
  for (std::size_t i = 0; i < kMaxOciNames; ++i) many += R"(,"read")";
  std::string groups = R"({"names":["read"],"action":"SCMP_ACT_ALLOW"})";
  for (std::size_t i = 0; i < kMaxOciGroups; ++i)
    groups += R"(,{"names":["read"],"action":"SCMP_ACT_ALLOW"})";
  const Row rows[] = {
      {"nothing", "", "1:1"},
      {"a list", "[]", "the profile: an object is wanted"},
      {"no default", "{}", "the profile: `defaultAction` is needed"},
      {"default of another type", R"({"defaultAction":1})", "defaultAction: a string is wanted"},
      {"default allows", R"({"defaultAction":"SCMP_ACT_ALLOW"})",
       "defaultAction: `SCMP_ACT_ALLOW` lets through what is not named\nhint: "},
      {"default logs", R"({"defaultAction":"SCMP_ACT_LOG"})", "defaultAction: `SCMP_ACT_LOG` lets"},
      {"unknown key", R"({"defaultAction":"SCMP_ACT_ERRNO","x":1})",
       "the profile: `x` is not known here"},
      {"unknown key of a group", profile(R"("read")", R"(,"when":1)"),
       "syscalls[0]: `when` is not known here"},
      {"unknown condition", profile(R"("read")", R"(,"includes":{"os":["x"]})"),
       "syscalls[0].includes: `os` is not known here"},
      {"unknown action", profile(R"("read")", "", "ALLOW"),
       "syscalls[0].action: `ALLOW` is no action"},
      {"no names", profile(""), "syscalls[0]: `names` is needed"},
      {"a name with controls", profile(R"("re\u001b[2Jad")"), "syscalls[0].names[0]: `re\\x1b"},
      {"a name with a line feed", profile(R"("read: allow\n")"), "syscalls[0].names[0]: `read"},
      {"arguments as an object", profile(R"("read")", R"(,"args":{})"),
       "syscalls[0].args: a list is wanted"},
      {"argument without a value", profile(R"("read")", R"(,"args":[{"index":0,"op":"x"}])"),
       "syscalls[0].args[0]: `index` and `value`"},
      {"argument without a comparison", profile(R"("read")", R"(,"args":[{"index":0,"value":1}])"),
       "syscalls[0].args[0]: `op` is needed"},
      {"unknown comparison",
       profile(R"("read")", R"(,"args":[{"index":0,"value":1,"op":"SCMP_CMP_HAS"}])"),
       "syscalls[0].args[0].op: `SCMP_CMP_HAS` is no comparison"},
      {"seventh argument",
       profile(R"("read")", R"(,"args":[{"index":6,"value":1,"op":"SCMP_CMP_EQ"}])"),
       "syscalls[0].args[0].index: a whole number from 0 to 5"},
      {"negative value",
       profile(R"("read")", R"(,"args":[{"index":0,"value":-1,"op":"SCMP_CMP_EQ"}])"),
       "syscalls[0].args[0].value: a whole number"},
      {"fraction", profile(R"("read")", R"(,"args":[{"index":0,"value":1.5,"op":"SCMP_CMP_EQ"}])"),
       "syscalls[0].args[0].value: a whole number"},
      {"no error", profile(R"("read")", R"(,"errnoRet":0)", "SCMP_ACT_ERRNO"),
       "syscalls[0].errnoRet: 0 is the number of no error"},
      {"unknown error", profile(R"("read")", R"(,"errnoRet":4000)", "SCMP_ACT_ERRNO"),
       "syscalls[0].errnoRet: 4000 is"},
      {"too many names", profile(many), "syscalls[0].names: more than 4096"},
      {"too many groups",
       std::format(R"({{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{}]}})", groups),
       "syscalls: more than 1024 groups"},
      {"another architecture",
       R"({"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_ARM"]})",
       "architectures: SCMP_ARCH_X86_64 is not among them"},
      {"another architecture in a map",
       R"({"defaultAction":"SCMP_ACT_ERRNO","archMap":[{"architecture":"SCMP_ARCH_ARM"}]})",
       "architectures: SCMP_ARCH_X86_64 is not among them"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto text = import_oci(row.json);
      REQUIRE(!text);
      CHECK(text.error().kind() != ErrorKind::internal);
      CHECK(text.error().message().starts_with(row.error));
      INFO(text.error().message());
      CHECK(text.error().message().find('\x1b') == std::string::npos);
    }
  }
}

// The part below the header: what is left out, the default, the rules.
std::string body(const std::string& json) {
  const auto text = import_oci(json);
  INFO((text ? "" : text.error().message()));
  REQUIRE(text);
  const std::size_t begin = std::min(text->find("# Left out, "), text->find("default: "));
  return text->substr(begin);
}

std::string comparison(std::string_view name, int index, std::string_view op, std::int64_t value,
                       std::int64_t two = 0, std::string_view action = "SCMP_ACT_ALLOW") {
  return std::format(
      R"({{"names":["{}"],"action":"{}","args":[{{"index":{},"value":{},"valueTwo":{},"op":"SCMP_CMP_{}"}}]}})",
      name, action, index, value, two, op);
}
std::string always(std::string_view name, std::string_view action) {
  return std::format(R"({{"names":["{}"],"action":"{}"}})", name, action);
}

TEST_CASE("what a profile becomes") {
  const std::string head = "default: errno(EPERM)\n";
  const std::string reason = "  # imported, to be reviewed";
  const std::string floor = "# Left out, what no tool may have: ";
  const std::string no_words = "# Left out, conditions that a text has no words for: ";
  struct Row {
    const char* name;
    std::string json;
    std::string body;
  };
  const Row rows[] = {
      {"nothing is named", R"({"defaultAction":"SCMP_ACT_ERRNO"})", head},
      {"names are sorted, each once", profile(R"("write","read","read")"),
       head + "read: allow" + reason + "\nwrite: allow" + reason + "\n"},
      {"default errno", R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38})",
       "default: errno(ENOSYS)\n"},
      {"killing a thread is killing", R"({"defaultAction":"SCMP_ACT_KILL"})", "default: kill\n"},
      {"another error", profile(R"("clone3")", R"(,"errnoRet":38)", "SCMP_ACT_ERRNO"),
       head + "clone3: errno(ENOSYS)" + reason + "\n"},
      {"with a capability", profile(R"("chown")", R"(,"includes":{"caps":["CAP_CHOWN"]})"),
       "# Left out, only with CAP_CHOWN: chown\n" + head},
      {"without a capability", profile(R"("chown")", R"(,"excludes":{"caps":["CAP_CHOWN"]})"),
       head + "chown: allow" + reason + ": without CAP_CHOWN\n"},
      {"for another architecture", profile(R"("read")", R"(,"includes":{"arches":["s390x"]})"),
       "# Left out, only on other architectures: read\n" + head},
      {"for ours", profile(R"("arch_prctl")", R"(,"includes":{"arches":["amd64"]})"),
       head + "arch_prctl: allow" + reason + ": on x86-64\n"},
      {"not for ours", profile(R"("read")", R"(,"excludes":{"arches":["amd64"]})"),
       "# Left out, not on x86-64: read\n" + head},
      {"for newer kernels", profile(R"("read")", R"(,"includes":{"minKernel":"4.8"})"),
       head + "read: allow" + reason + ": kernel 4.8 taken as reached\n"},
      {"for older kernels", profile(R"("read")", R"(,"excludes":{"minKernel":"4.8"})"),
       "# Left out, not on newer kernels: read\n" + head},
      {"calls of nobody here", profile(R"("socketcall","frob")"),
       "# Left out, names of no call here: frob socketcall\n" + head},
      {"log", profile(R"("read")", "", "SCMP_ACT_LOG"),
       "# Left out, for SCMP_ACT_LOG: read\n" + head},
      {"the floor", profile(R"("bpf","mount","ptrace","read")"),
       floor + "bpf mount ptrace\n" + head + "read: allow" + reason + "\n"},
      {"the floor's bounds", profile(R"("ioctl","seccomp")"),
       head + "ioctl: allow if low(arg1) in {0x0..0x5411, 0x5413..0x541b, 0x541d..0xffffffff} else "
              "errno(EPERM)\n    # imported, to be reviewed: not with TIOCSTI or TIOCLINUX\n"
              "seccomp: allow if low(arg1) in 0xfffffff7 else errno(EPERM)\n"
              "    # imported, to be reviewed: not with a listener\n"},
      {"the bounds within a condition",
       two(comparison("personality", 0, "EQ", 0), comparison("personality", 0, "EQ", 8)),
       head + "personality: allow if arg0 == 0x0 else errno(EPERM)\n    # imported, to be "
              "reviewed: not with more than 0 and the query 0xffffffff\n"},
      {"nothing of it within the bounds",
       profile(R"("personality")", R"(,"args":[{"index":0,"value":8,"op":"SCMP_CMP_EQ"}])"),
       floor + "personality\n" + head},
      {"all families but one",
       std::format(R"({{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{}]}})",
                   comparison("socket", 0, "NE", 40)),
       head + "socket: allow if arg0 in {0x0..0x10, 0x12..0x25, 0x27, 0x29..0xffffffff} else "
              "errno(EPERM)\n    # imported, to be reviewed: not with AF_PACKET, AF_VSOCK or "
              "AF_ALG\n"},
      {"new namespaces are no flags",
       std::format(R"({{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{}]}})",
                   comparison("clone", 0, "MASKED_EQ", 0x7e020000)),
       head + "clone: allow if arg0 in 0xffffffff81fdffff else errno(EPERM)" + reason + "\n"},
      {"alternatives", two(comparison("prctl", 0, "EQ", 15), comparison("prctl", 0, "EQ", 16)),
       head + "prctl: allow if arg0 in {0xf..0x10} else errno(EPERM)" + reason + "\n"},
      {"alternatives that are everything",
       two(comparison("lseek", 2, "LE", 4), comparison("lseek", 2, "GT", 4)),
       head + "lseek: allow" + reason + "\n"},
      {"two comparisons of one argument are alternatives",
       profile(R"("prctl")", R"(,"args":[{"index":0,"value":15,"op":"SCMP_CMP_EQ"},)"
                             R"({"index":0,"value":38,"op":"SCMP_CMP_EQ"}])"),
       head + "prctl: allow if arg0 in {0xf, 0x26} else errno(EPERM)" + reason + "\n"},
      {"comparisons of two arguments hold together",
       profile(R"("fcntl")", R"(,"args":[{"index":2,"value":1,"op":"SCMP_CMP_LE"},)"
                             R"({"index":1,"value":2,"op":"SCMP_CMP_EQ"}])"),
       head + "fcntl: allow if arg1 == 0x2 && arg2 in {0x0..0x1} else errno(EPERM)" + reason +
           "\n"},
      {"refused at times",
       two(always("kill", "SCMP_ACT_ALLOW"), comparison("kill", 1, "EQ", 9, 0, "SCMP_ACT_ERRNO")),
       head + "kill: errno(EPERM) if arg1 == 0x9 else allow" + reason + "\n"},
      {"what is refused always is not allowed at times",
       two(always("kill", "SCMP_ACT_ERRNO"), comparison("kill", 1, "EQ", 9)),
       head + "kill: errno(EPERM)" + reason + "\n"},
      {"refused and allowed always",
       two(always("kill", "SCMP_ACT_ALLOW"), always("kill", "SCMP_ACT_KILL_PROCESS")),
       head + "kill: kill" + reason + "\n"},
      {"two different answers at times",
       two(comparison("kill", 1, "EQ", 9), comparison("kill", 0, "EQ", 1, 0, "SCMP_ACT_KILL")),
       no_words + "kill\n" + head},
      {"a comparison that nothing satisfies",
       two(comparison("kill", 1, "LT", 0), always("read", "SCMP_ACT_ALLOW")),
       "# Left out, conditions that no call satisfies: kill\n" + head + "read: allow" + reason +
           "\n"},
      {"one bit that has to be set",
       two(comparison("kill", 1, "MASKED_EQ", 4, 4), always("read", "SCMP_ACT_ALLOW")),
       no_words + "kill\n" + head + "read: allow" + reason + "\n"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(body(row.json) == row.body);
    }
  }
}

TEST_CASE("a comparison accepts what the engine's would") {
  using Kind = Accepted::Kind;
  const std::vector<std::uint64_t> interesting = {
      0, 1, 2, 3, 4, 5, 0xFFFFFFFF, 0x1'00000000, 0x7FFFFFFF'FFFFFFFF, ~0ULL - 1, ~0ULL};
  const auto engine = [](const OciArgument& a, std::uint64_t value) {
    switch (a.operation) {
      case OciOperation::equal:
        return value == a.value;
      case OciOperation::not_equal:
        return value != a.value;
      case OciOperation::less:
        return value < a.value;
      case OciOperation::less_or_equal:
        return value <= a.value;
      case OciOperation::greater_or_equal:
        return value >= a.value;
      case OciOperation::greater:
        return value > a.value;
      case OciOperation::masked_equal:
        break;
    }
    return (value & a.value) == a.value_two;
  };
  std::size_t said = 0;
  for (int operation = 0; operation <= static_cast<int>(OciOperation::masked_equal); ++operation) {
    for (const std::uint64_t value : interesting) {
      for (const std::uint64_t two_value : interesting) {
        const OciArgument argument{1, value, two_value, static_cast<OciOperation>(operation)};
        const Accepted accepted = accepted_by(argument);
        if (accepted.kind == Kind::cannot_be_said) {
          CHECK(argument.operation == OciOperation::masked_equal);
          continue;
        }
        ++said;
        for (const std::uint64_t asked : interesting) {
          CAPTURE(operation, value, two_value, asked);
          const bool holds = accepted.kind == Kind::all ||
                             (accepted.kind == Kind::some && accepted.term.holds(asked));
          CHECK(holds == engine(argument, asked));
        }
      }
    }
  }
  CHECK(said > 700);
}

}  // namespace
}  // namespace glovebox::seccomp
