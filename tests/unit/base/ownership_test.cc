#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <type_traits>
#include <utility>

#include "base/secret.h"
#include "base/unique_fd.h"

using namespace glovebox;

namespace {
bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}
}  // namespace

TEST_CASE("a descriptor has one owner and is closed with it") {
  static_assert(!std::is_copy_constructible_v<UniqueFd>);
  int number = -1;
  {
    UniqueFd first(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    number = first.get();
    REQUIRE(is_open(number));
    UniqueFd second = std::move(first);
    CHECK_FALSE(first.valid());
    CHECK(second.get() == number);
    CHECK(is_open(number));
  }
  CHECK_FALSE(is_open(number));
}

TEST_CASE("assigning to an owner closes what it held") {
  UniqueFd held(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int number = held.get();
  held = UniqueFd(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  CHECK(held.valid());
  CHECK((held.get() == number || !is_open(number)));
}

TEST_CASE("a secret cannot be copied and wipes what it was made from") {
  static_assert(!std::is_copy_constructible_v<Secret>);
  std::string plain = "sk-test-0123456789";
  Secret secret = Secret::take(std::move(plain));
  CHECK(plain.empty());
  CHECK(secret.reveal() == "sk-test-0123456789");
  Secret other = std::move(secret);
  CHECK(secret.empty());
  CHECK(other.duplicate().reveal() == other.reveal());
}

TEST_CASE("a forked child has zeros where its parent has a secret") {
  const Secret secret = Secret::take(std::string("sk-test-0123456789"));
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(secret.reveal() == std::string(18, '\0') ? 0 : 1);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(secret.reveal() == "sk-test-0123456789");
}

TEST_CASE("secrets are compared by all of their bytes") {
  CHECK(equal_secrets("abc", "abc"));
  CHECK_FALSE(equal_secrets("abc", "abd"));
  CHECK_FALSE(equal_secrets("abc", "bbc"));
  CHECK_FALSE(equal_secrets("abc", "abcd"));
  CHECK(equal_secrets("", ""));
}
