#include "os/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <string>
#include <vector>

#include "support.h"

using namespace glovebox;
using namespace glovebox::os;
using namespace glovebox::os::test;

namespace {

struct Fixture {
  Folder folder;
  UniqueFd dir = open_path(folder.path(), O_RDONLY | O_DIRECTORY).value();
};

}  // namespace

TEST_CASE_METHOD(Fixture, "opening refuses what the walk may not do") {
  std::filesystem::create_directory(folder / "sub");
  write(folder / "sub/file", "x");
  std::filesystem::create_symlink("sub", folder / "link");
  const UniqueFd sub = open_at(dir.get(), "sub", O_RDONLY | O_DIRECTORY).value();
  CHECK(open_at(sub.get(), "../sub/file", O_RDONLY, Resolve::beneath).error().error_number() ==
        EXDEV);
  CHECK(open_at(dir.get(), "link/file", O_RDONLY, Resolve::no_symlinks).error().error_number() ==
        ELOOP);
  CHECK(open_at(dir.get(), "link/file", O_RDONLY, Resolve::beneath_no_symlinks)
            .error()
            .error_number() == ELOOP);
  CHECK(open_at(dir.get(), std::string("sub\0x", 5), O_RDONLY).error().kind() ==
        ErrorKind::invalid);
  CHECK(open_at(dir.get(), "none", O_RDONLY).error().kind() == ErrorKind::not_found);
  CHECK(open_at(dir.get(), "link/file", O_RDONLY, Resolve::beneath));
  const UniqueFd file = open_at(sub.get(), "file", O_RDONLY).value();
  CHECK((::fcntl(file.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE_METHOD(Fixture, "reading stops at its limit") {
  write(folder / "file", std::string(1000, 'x'));
  CHECK(read_file(folder / "file", 999).error().kind() == ErrorKind::limit);
  CHECK(read_file(folder / "file", 1000).value().size() == 1000);
  CHECK(read_file(folder / "none", 10).error().message().contains("none"));
  write(folder / "empty", "");
  CHECK(read_file(folder / "empty", 0).value().empty());
  const UniqueFd file = open_path(folder / "file", O_RDONLY).value();
  CHECK(read_at(file.get(), 990, 100).value().size() == 10);
  CHECK(read_at(file.get(), 2000, 100).value().empty());
}

TEST_CASE_METHOD(Fixture, "facts are of the name itself") {
  write(folder / "file", "four");
  std::filesystem::permissions(folder / "file", std::filesystem::perms(0640));
  std::filesystem::create_symlink("file", folder / "link");
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  const FileFacts facts = facts_at(dir.get(), "file").value();
  CHECK(facts.type == FileType::regular);
  CHECK(facts.size == 4);
  CHECK(facts.mode == 0640);
  CHECK(facts.links == 1);
  CHECK(facts.uid == ::geteuid());
  CHECK(facts_at(dir.get(), "link")->type == FileType::symlink);
  CHECK(facts_at(dir.get(), "pipe")->type == FileType::fifo);
  CHECK(facts_of(dir.get())->type == FileType::folder);
  CHECK(facts_of_path("/dev/null")->type == FileType::device);
  CHECK(read_link_at(dir.get(), "link").value() == "file");
  CHECK_FALSE(facts_at(dir.get(), "none"));
}

TEST_CASE_METHOD(Fixture, "a file is replaced whole, with its mode, and nothing else is left") {
  REQUIRE(replace_file(dir.get(), "file", "one", 0600));
  REQUIRE(replace_file(dir.get(), "file", "two", 0640));
  CHECK(read(folder / "file") == "two");
  CHECK(facts_at(dir.get(), "file")->mode == 0640);
  CHECK(list_folder(dir.get(), 10).value().size() == 1);
  // A link under the name is replaced, not followed.
  write(folder / "other", "kept");
  std::filesystem::remove(folder / "file");
  std::filesystem::create_symlink("other", folder / "file");
  REQUIRE(replace_file(dir.get(), "file", "three", 0600));
  CHECK(read(folder / "other") == "kept");
  std::filesystem::create_directory(folder / "sub");
  CHECK_FALSE(replace_file(dir.get(), "sub", "x", 0600));
  CHECK(list_folder(dir.get(), 10).value().size() == 3);
}

TEST_CASE_METHOD(Fixture, "renaming replaces only when it may") {
  write(folder / "a", "a");
  write(folder / "b", "b");
  CHECK(rename_at(dir.get(), "a", dir.get(), "b", Replace::no).error().kind() == ErrorKind::exists);
  CHECK(read(folder / "b") == "b");
  REQUIRE(rename_at(dir.get(), "a", dir.get(), "b", Replace::yes));
  CHECK(read(folder / "b") == "a");
}

TEST_CASE_METHOD(Fixture, "a listing is bounded and leaves out the dots") {
  for (int i = 0; i < 20; ++i) write(folder / std::to_string(i), "");
  CHECK(list_folder(dir.get(), 19).error().kind() == ErrorKind::limit);
  CHECK(list_folder(dir.get(), 20).value().size() == 20);
  CHECK(list_folder(dir.get(), 20).value().size() == 20);  // from the start again
}

TEST_CASE_METHOD(Fixture, "a tree goes with everything in it, and links lead nowhere") {
  write(folder / "outside", "kept");
  std::filesystem::create_directories(folder / "tree/a/b");
  std::filesystem::create_directories(folder / "kept/sub");
  write(folder / "kept/file", "kept");
  write(folder / "tree/a/file", "x");
  write(folder / std::string("tree/new\nline"), "x");
  std::filesystem::create_symlink("../kept", folder / "tree/link");
  std::filesystem::create_symlink("/", folder / "tree/a/root");
  REQUIRE(::mkfifo((folder / "tree/a/b/pipe").c_str(), 0600) == 0);
  std::filesystem::permissions(folder / "tree/a/b", std::filesystem::perms::none);
  std::filesystem::permissions(folder / "tree/a", std::filesystem::perms::none);
  std::filesystem::permissions(folder / "kept", std::filesystem::perms(0500));
  REQUIRE(remove_tree(dir.get(), "tree"));
  CHECK_FALSE(facts_at(dir.get(), "tree"));
  CHECK(read(folder / "kept/file") == "kept");
  CHECK(facts_at(dir.get(), "kept")->mode == 0500);
  std::filesystem::permissions(folder / "kept", std::filesystem::perms(0700));
  CHECK(remove_tree(dir.get(), "tree"));  // missing is no error
  std::filesystem::create_symlink("kept", folder / "tree");
  REQUIRE(remove_tree(dir.get(), "tree"));
  CHECK(read(folder / "kept/file") == "kept");
}

TEST_CASE_METHOD(Fixture, "a tree deeper than there are descriptors or bytes in a path goes") {
  constexpr int kDepth = 3000;
  UniqueFd here = duplicate(dir.get()).value();
  for (int i = 0; i < kDepth; ++i) {
    REQUIRE(make_folder(here.get(), "deep", 0700));
    here = open_at(here.get(), "deep", O_RDONLY | O_DIRECTORY).value();
  }
  here.reset();
  REQUIRE(remove_tree(dir.get(), "deep"));
  CHECK(list_folder(dir.get(), 10).value().empty());
}

TEST_CASE_METHOD(Fixture, "a lock keeps out everybody else until it is closed") {
  write(folder / "lock", "");
  UniqueFd first = open_path(folder / "lock", O_RDONLY).value();
  const UniqueFd second = open_path(folder / "lock", O_RDONLY).value();
  REQUIRE(lock_exclusive(first.get()));
  CHECK(lock_exclusive(second.get()).error().kind() == ErrorKind::conflict);
  first.reset();
  CHECK(lock_exclusive(second.get()));
}

TEST_CASE_METHOD(Fixture, "small calls do what they say") {
  const UniqueFd file = open_path(folder / "f", O_RDWR | O_CREAT, 0600).value();
  REQUIRE(write_all(file.get(), "0123456789"));
  REQUIRE(truncate(file.get(), 4));
  REQUIRE(sync(file.get()));
  REQUIRE(sync_data(file.get()));
  CHECK(seek_end(file.get()).value() == 4);
  REQUIRE(seek_start(file.get()));
  CHECK(read_all(file.get(), 10).value() == "0123");
  REQUIRE(change_mode(file.get(), 0400));
  CHECK(facts_of(file.get())->mode == 0400);
  CHECK(space_of(file.get())->total_bytes > 0);
  CHECK_FALSE(is_terminal(file.get()));
  const UniqueFd copy = duplicate(file.get(), 50).value();
  CHECK(copy.get() >= 50);
  REQUIRE(remove_file(dir.get(), "f"));
  CHECK(remove_file(dir.get(), "f").error().kind() == ErrorKind::not_found);
}

TEST_CASE("a full pipe that does not wait takes nothing more") {
  const Pipe pipe = make_pipe().value();
  REQUIRE(set_blocking(pipe.writer.get(), false));
  const std::string block(4096, 'x');
  std::size_t written = 0, last = 0;
  while ((last = write_some(pipe.writer.get(), block).value()) > 0) written += last;
  CHECK(written >= block.size());
  CHECK(write_some(pipe.writer.get(), "x").value() == 0);
}
