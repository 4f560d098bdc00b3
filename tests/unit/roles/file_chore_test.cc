#include "roles/file_chore.h"

#include <signal.h>

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "os/file.h"
#include "os/process.h"

namespace glovebox::roles {
namespace {

Result<std::string> outcome_of(FileChore& chore) {
  std::vector<os::Poll> polls = {{.fd = chore.fd()}};
  REQUIRE(os::poll_fds(polls, milliseconds(10'000)));
  REQUIRE(chore.ended());
  return chore.result();
}

}  // namespace

TEST_CASE("what a chore came to is told") {
  struct Row {
    const char* name;
    Result<void> done;
    const char* says;
  };
  const Row rows[] = {{"good", {}, ""},
                      {"an error", Error(ErrorKind::denied, "not this one"), "not this one"},
                      {"a long error", Error(ErrorKind::limit, std::string(100'000, 'x')), "xxx"}};
  for (const Row& row : rows) {
    INFO(row.name);
    auto chore = FileChore::start({}, [&] { return row.done; });
    REQUIRE(chore);
    const auto done = outcome_of(*chore);
    CHECK(done.has_value() == row.done.has_value());
    if (!done) CHECK(done.error().message().starts_with(row.says));
  }
}

TEST_CASE("a chore may have an answer, whole or none") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{7}, FileChore::kMaxAnswer}) {
    auto chore =
        FileChore::ask({}, [&]() -> Result<std::string> { return std::string(size, 'x'); });
    REQUIRE(chore);
    CHECK(outcome_of(*chore).value() == std::string(size, 'x'));
  }
  auto long_one = FileChore::ask(
      {}, []() -> Result<std::string> { return std::string(FileChore::kMaxAnswer + 1, 'x'); });
  REQUIRE(long_one);
  CHECK_FALSE(outcome_of(*long_one));
}

TEST_CASE("a chore that is killed did not succeed") {
  auto chore = FileChore::start({}, []() -> Result<void> {
    ::raise(SIGKILL);
    return {};
  });
  REQUIRE(chore);
  CHECK_FALSE(outcome_of(*chore));
}

TEST_CASE("a chore has the descriptors that it is given and no others") {
  const auto given = os::make_pipe();
  const auto other = os::make_pipe();
  REQUIRE(given);
  REQUIRE(other);
  auto chore = FileChore::start({given->writer.get()}, [&]() -> Result<void> {
    TRY(os::write_all(given->writer.get(), "x"));
    if (os::write_all(other->writer.get(), "x"))
      return Error(ErrorKind::internal, "it could write to another");
    return {};
  });
  REQUIRE(chore);
  CHECK(outcome_of(*chore));
}

}  // namespace glovebox::roles
