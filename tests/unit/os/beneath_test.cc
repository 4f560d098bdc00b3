#include "os/beneath.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <string>

#include "os/file.h"
#include "support.h"

using namespace glovebox;
using namespace glovebox::os;
using namespace glovebox::os::test;

namespace {

struct Fixture {
  Folder folder;
  UniqueFd dir;

  Fixture() {
    std::filesystem::create_directories(folder / "in/sub");
    write(folder / "in/file", "inside");
    write(folder / "in/sub/file", "below");
    write(folder / "secret", "outside");
    std::filesystem::create_symlink("../secret", folder / "in/out");
    std::filesystem::create_symlink("file", folder / "in/link");
    std::filesystem::create_directory_symlink("sub", folder / "in/dirlink");
    std::filesystem::create_symlink(folder / "secret", folder / "in/absolute");
    dir = open_path(folder / "in", O_RDONLY | O_DIRECTORY).value();
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "no path leads out, and none through a link") {
  const struct {
    const char* name;
    std::string path;
    int error;
  } rows[] = {
      {"dots", "../secret", EXDEV},
      {"dots behind a folder", "sub/../../secret", EXDEV},
      {"absolute", folder / "secret", EXDEV},
      {"link out", "out", ELOOP},
      {"absolute link", "absolute", ELOOP},
      {"link within", "link", ELOOP},
      {"link to a folder", "dirlink", ELOOP},
      {"through a link", "dirlink/file", ELOOP},
      {"missing", "none", ENOENT},
      {"below a file", "file/x", ENOTDIR},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto opened = open_beneath(dir.get(), row.path, BeneathOpen::read);
      REQUIRE_FALSE(opened);
      CHECK(opened.error().error_number() == row.error);
    }
  }
  CHECK(open_beneath(dir.get(), std::string_view("file\0x", 6), BeneathOpen::read).error().kind() ==
        ErrorKind::invalid);
  CHECK(open_beneath(dir.get(), "file", BeneathOpen::read_directory).error().error_number() ==
        ENOTDIR);
}

TEST_CASE_METHOD(Fixture, "what lies beneath opens in every way") {
  char bytes[16];
  const UniqueFd file = open_beneath(dir.get(), "sub/file", BeneathOpen::read).value();
  CHECK(read_some(file.get(), std::span<char>(bytes)).value() == 5);
  CHECK((::fcntl(file.get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(open_beneath(dir.get(), "", BeneathOpen::read_directory));
  CHECK(open_beneath(dir.get(), "sub/..", BeneathOpen::locate_directory));
  CHECK(open_beneath(dir.get(), "file", BeneathOpen::locate, Mounts::refuse));
  const UniqueFd link = open_beneath(dir.get(), "out", BeneathOpen::locate_or_link).value();
  CHECK(link_target(link.get()).value() == "../secret");
  CHECK(file_status(link.get())->kind == FileStatus::Kind::link);
}

TEST_CASE_METHOD(Fixture, "opening a pipe waits for nobody") {
  REQUIRE(::mkfifo((folder / "in/pipe").c_str(), 0600) == 0);
  const UniqueFd pipe = open_beneath(dir.get(), "pipe", BeneathOpen::read).value();
  CHECK(file_status(pipe.get())->kind == FileStatus::Kind::other);
}

TEST_CASE_METHOD(Fixture, "what is no single name reaches no call") {
  for (const std::string& name : {std::string(), std::string("."), std::string(".."),
                                  std::string("a/b"), std::string("/a"), std::string("a\0b", 3)}) {
    CHECK(create_file_at(dir.get(), name, 0600).error().kind() == ErrorKind::invalid);
    CHECK(status_at(dir.get(), name).error().kind() == ErrorKind::invalid);
    CHECK(make_directory_at(dir.get(), name, 0700).error().kind() == ErrorKind::invalid);
    CHECK(rename_at(dir.get(), "file", name).error().kind() == ErrorKind::invalid);
    CHECK(rename_at(dir.get(), name, "x").error().kind() == ErrorKind::invalid);
    CHECK(remove_file_at(dir.get(), name).error().kind() == ErrorKind::invalid);
  }
  CHECK(read(folder / "in/file") == "inside");
}

TEST_CASE_METHOD(Fixture, "a file is made only where there is none, not behind a link") {
  CHECK(create_file_at(dir.get(), "file", 0600).error().kind() == ErrorKind::exists);
  CHECK(create_file_at(dir.get(), "out", 0600).error().kind() == ErrorKind::exists);
  {
    const UniqueFd made = create_file_at(dir.get(), "new", 0600).value();
    REQUIRE(write_whole(made.get(), "text"));
    REQUIRE(sync_file(made.get()));
  }
  CHECK(read(folder / "in/new") == "text");
  CHECK(status_at(dir.get(), "new")->size == 4);
  REQUIRE(rename_at(dir.get(), "new", "link"));
  CHECK(status_at(dir.get(), "link")->kind == FileStatus::Kind::regular);
  CHECK(read(folder / "in/file") == "inside");
  REQUIRE(remove_file_at(dir.get(), "out"));
  CHECK(read(folder / "secret") == "outside");
  REQUIRE(make_directory_at(dir.get(), "made", 0700));
  CHECK(make_directory_at(dir.get(), "made", 0700).error().kind() == ErrorKind::exists);
}
