#include "os/limits.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <string>

#include "os/file.h"
#include "support.h"

using namespace glovebox;
using namespace glovebox::os;
using namespace glovebox::os::test;

namespace {

struct Instruction {  // struct sock_filter
  std::uint16_t code;
  std::uint8_t if_true, if_false;
  std::uint32_t value;
};

std::string program(std::initializer_list<Instruction> instructions) {
  std::string bytes;
  for (const Instruction& instruction : instructions)
    bytes.append(reinterpret_cast<const char*>(&instruction), sizeof instruction);
  return bytes;
}

constexpr std::uint32_t kAllow = 0x7fff0000, kErrno = 0x00050000;

}  // namespace

TEST_CASE("a filter that is none is refused") {
  CHECK(in_child([] {
          if (!set_no_new_privileges()) return 1;
          for (const std::string& bad : {std::string(), std::string(7, 'x'),
                                         std::string(8 * 4097, '\0'), std::string(8, '\xff')})
            if (load_filter(bad)) return 2;
          return 0;
        }) == 0);
}

TEST_CASE("a filter decides from then on") {
  CHECK(in_child([] {
          if (!set_no_new_privileges()) return 1;
          // Load the number of the call; getppid fails with 77, everything else is allowed.
          constexpr std::uint32_t kGetppid = SYS_getppid;
          if (!load_filter(program({{0x20, 0, 0, 0},
                                    {0x15, 0, 1, kGetppid},
                                    {0x06, 0, 0, kErrno | 77},
                                    {0x06, 0, 0, kAllow}})))
            return 2;
          return ::syscall(SYS_getppid) == -1 && errno == 77 ? 0 : 3;
        }) == 0);
}

TEST_CASE("a limit holds and cannot be raised again without the right to") {
  const Folder folder;
  CHECK(in_child([&] {
          ::signal(SIGXFSZ, SIG_IGN);
          if (!set_limit(Resource::file_size, 100)) return 1;
          if (limit_of(Resource::file_size) != 100) return 2;
          auto file = open_path(folder / "f", O_WRONLY | O_CREAT, 0600);
          if (!file || write_all(file->get(), std::string(200, 'x'))) return 3;
          if (!set_limit(Resource::core, 0) || limit_of(Resource::core) != 0) return 4;
          return 0;
        }) == 0);
  CHECK(std::filesystem::file_size(folder / "f") == 100);
}

TEST_CASE("a host name of its own, a loopback that is up, a keyring of its own") {
  const auto all = Namespace::user | Namespace::uts;
  const int code = in_child(
      [] {
        if (!set_host_name("box")) return 1;
        if (host_name() != "box") return 2;
        return join_new_session_keyring() ? 0 : 3;
      },
      all);
  if (code == -1) SKIP("no user namespaces here");
  CHECK(code == 0);
  CHECK(host_name() != "box");
  CHECK(in_child([] { return bring_loopback_up() ? 0 : 1; },
                 Namespace::user | Namespace::network) == 0);
  CHECK(kernel_release().contains('.'));
}

TEST_CASE("a setting is written through the descriptor of its path") {
  const Folder folder;
  write(folder / "sysctl", "");
  const UniqueFd path = open_path(folder / "sysctl", O_PATH).value();
  REQUIRE(write_sysctl(path.get(), "7"));
  CHECK(read(folder / "sysctl") == "7");
}
