#include "seccomp/words.h"

#include <catch2/catch_test_macros.hpp>

namespace glovebox::seccomp {
namespace {

TEST_CASE("words that mean nothing here") {
  CHECK(!syscall_number(""));
  CHECK(!syscall_number("getpidd"));
  CHECK(!syscall_number("socketcall"));  // i386 only
  CHECK(!error_number("EWHAT"));
  CHECK(!error_number(""));
  CHECK(!constant("AF_NONE"));
  CHECK(!constant(""));
}

TEST_CASE("words that are nearly right") {
  CHECK(nearest_syscall("ptrase") == "ptrace");
  CHECK(nearest_syscall("opennat") == "openat");
  CHECK(nearest_syscall("xyzzy").empty());
  CHECK(nearest_error("EPREM") == "EPERM");
  CHECK(nearest_constant("AF_UNX") == "AF_UNIX");
  CHECK(nearest_constant("").empty());
}

TEST_CASE("calls of the other architecture") {
  CHECK(syscall_number("read", Arch::aarch64) == 63);
  CHECK(syscall_number("clone3", Arch::aarch64) == 435);
  CHECK(!syscall_number("open", Arch::aarch64));
  CHECK(!syscall_number("arch_prctl", Arch::aarch64));
  CHECK(is_syscall("open"));
  CHECK(!is_syscall("socketcall"));
  CHECK(!is_syscall("getpidd"));
}

TEST_CASE("words as the kernel numbers them") {
  CHECK(syscall_number("read") == 0);
  CHECK(syscall_number("clone3") == 435);
  CHECK(error_number("EPERM") == 1);
  CHECK(error_number("EAFNOSUPPORT") == 97);
  CHECK(constant("CLONE_NEWUSER") == 0x10000000);
  CHECK(constant("TIOCSTI") == 0x5412);
  CHECK(constant("TIOCLINUX") == 0x541C);
  CHECK(constant("SOCK_CLOEXEC") == 02000000);
}

}  // namespace
}  // namespace glovebox::seccomp
