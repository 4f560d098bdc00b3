#include "os/positioned_io.h"

#include <fcntl.h>

#include <array>
#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <string>

#include "os/file.h"
#include "support.h"

using namespace glovebox;
using namespace glovebox::os;
using namespace glovebox::os::test;

TEST_CASE("what cannot be read or written at an offset is an error") {
  const Folder folder;
  write(folder / "file", "0123456789");
  const UniqueFd reader = open_path(folder / "file", O_RDONLY).value();
  const UniqueFd writer = open_path(folder / "file", O_WRONLY).value();
  std::array<char, 4> some;
  CHECK(write_at(reader.get(), 0, "x").error().error_number() == EBADF);
  CHECK(read_into_at(writer.get(), 0, some).error().error_number() == EBADF);
  CHECK(drop_cache(-1, 0, 0).error().error_number() == EBADF);
  const Pipe pipe = make_pipe().value();
  CHECK(write_at(pipe.writer.get(), 0, "x").error().error_number() == ESPIPE);
  CHECK(read(folder / "file") == "0123456789");
}

TEST_CASE("bytes at an offset, whatever the position is") {
  const Folder folder;
  write(folder / "file", "0123456789");
  const UniqueFd file = open_path(folder / "file", O_RDWR).value();
  REQUIRE(write_at(file.get(), 4, "abc"));
  REQUIRE(write_at(file.get(), 12, "z"));
  std::array<char, 4> some;
  CHECK(read_into_at(file.get(), 3, some).value() == 4);
  CHECK(std::string(some.data(), 4) == "3abc");
  CHECK(read_into_at(file.get(), 10, some).value() == 3);
  CHECK(read_into_at(file.get(), 13, some).value() == 0);
  REQUIRE(drop_cache(file.get(), 0, 0));
  CHECK(read_all(file.get(), 100).value() == std::string("0123abc789\0\0z", 13));
}

TEST_CASE("a page is a power of two") {
  CHECK(std::has_single_bit(page_size()));
  CHECK(page_size() >= 4096);
}

TEST_CASE("a full file system that is seen coming is one") {
  const Error error = out_of_space("make a segment");
  CHECK(is_out_of_space(error));
  CHECK(error.message() == "make a segment: ENOSPC");
}
