#include "os/memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "os/file.h"
#include "support.h"

using namespace glovebox;
using namespace glovebox::os;
using namespace glovebox::os::test;

TEST_CASE("bytes that could still change are not read") {
  const UniqueFd plain = make_memfd("plain").value();
  REQUIRE(write_all(plain.get(), "x"));
  CHECK(read_sealed_memfd(plain.get(), 10).error().kind() == ErrorKind::protocol);
  for (const int seals : {F_SEAL_WRITE, F_SEAL_WRITE | F_SEAL_GROW, F_SEAL_SHRINK | F_SEAL_GROW}) {
    const UniqueFd half = make_memfd("half").value();
    REQUIRE(::fcntl(half.get(), F_ADD_SEALS, seals) == 0);
    CHECK(read_sealed_memfd(half.get(), 10).error().kind() == ErrorKind::protocol);
  }
  const Folder folder;
  write(folder / "file", "x");
  const UniqueFd file = open_path(folder / "file", O_RDONLY).value();
  CHECK(read_sealed_memfd(file.get(), 10).error().kind() == ErrorKind::protocol);
  const Pipe pipe = make_pipe().value();
  CHECK(read_sealed_memfd(pipe.reader.get(), 10).error().kind() == ErrorKind::protocol);
}

TEST_CASE("sealed bytes are read whole, wherever the file stands, and cannot be changed") {
  const UniqueFd sealed = sealed_memfd("sealed", "0123456789").value();
  CHECK(read_sealed_memfd(sealed.get(), 9).error().kind() == ErrorKind::limit);
  char byte = 0;
  CHECK(read_some(sealed.get(), &byte, 1).value() == 1);
  CHECK(byte == '0');
  CHECK(read_sealed_memfd(sealed.get(), 10).value() == "0123456789");
  CHECK_FALSE(write_all(sealed.get(), "x"));
  CHECK_FALSE(truncate(sealed.get(), 1));
  CHECK_FALSE(truncate(sealed.get(), 100));
  CHECK(::fcntl(sealed.get(), F_ADD_SEALS, F_SEAL_FUTURE_WRITE) != 0);
  CHECK(read_sealed_memfd(sealed_memfd("empty", "").value().get(), 0).value().empty());
}
