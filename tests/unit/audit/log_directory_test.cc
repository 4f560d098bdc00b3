#include "audit/log_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <string>

#include "folder.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

Result<LogDirectory> open_in(const Folder& folder) {
  return LogDirectory::open_to_write(folder / "audit");
}

}  // namespace

TEST_CASE("a directory that is not ours alone is refused") {
  const struct {
    const char* name;
    std::function<std::string(const Folder&)> make;
    ErrorKind kind;
  } rows[] = {
      {"readable by others",
       [](const Folder& f) {
         std::filesystem::create_directory(f / "audit");
         set_mode(f / "audit", 0755);
         return f / "audit";
       },
       ErrorKind::denied},
      {"writable by the group",
       [](const Folder& f) {
         std::filesystem::create_directory(f / "audit");
         set_mode(f / "audit", 0770);
         return f / "audit";
       },
       ErrorKind::denied},
      {"a link to a good one",
       [](const Folder& f) {
         std::filesystem::create_directory(f / "real");
         set_mode(f / "real", 0700);
         std::filesystem::create_directory_symlink(f / "real", f / "audit");
         return f / "audit";
       },
       ErrorKind::denied},
      {"a file",
       [](const Folder& f) {
         write(f / "audit", "");
         return f / "audit";
       },
       ErrorKind::denied},
      {"of another user",
       [](const Folder& f) {
         if (::geteuid() != 0) return std::filesystem::path("/usr");
         std::filesystem::create_directory(f / "audit");
         set_mode(f / "audit", 0700);
         REQUIRE(::chown((f / "audit").c_str(), 12345, 12345) == 0);
         return f / "audit";
       },
       ErrorKind::denied},
      {"no folder above", [](const Folder& f) { return f / "none/audit"; }, ErrorKind::not_found},
      {"the root", [](const Folder&) { return "/"; }, ErrorKind::invalid},
      {"dots", [](const Folder& f) { return f / "audit/.."; }, ErrorKind::invalid},
      {"nothing", [](const Folder&) { return ""; }, ErrorKind::invalid},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const Folder folder;
      const auto opened = LogDirectory::open_to_write(row.make(folder));
      REQUIRE_FALSE(opened);
      CAPTURE(opened.error().message());
      CHECK(opened.error().kind() == row.kind);
    }
  }
}

TEST_CASE("a file that is not a plain one of ours is refused, for writing") {
  const Folder folder;
  const LogDirectory directory = open_in(folder).value();
  const auto audit = folder / "audit";
  const struct {
    const char* name;
    std::function<void()> make;
  } rows[] = {
      {"a link", [&] { std::filesystem::create_symlink("elsewhere", audit / "f"); }},
      {"a link to a good file",
       [&] {
         write(audit / "g", "x");
         set_mode(audit / "g", 0600);
         std::filesystem::create_symlink("g", audit / "f");
       }},
      {"a folder", [&] { std::filesystem::create_directory(audit / "f"); }},
      {"a pipe", [&] { REQUIRE(::mkfifo((audit / "f").c_str(), 0600) == 0); }},
      {"readable by others",
       [&] {
         write(audit / "f", "x");
         set_mode(audit / "f", 0644);
       }},
      {"with a second name",
       [&] {
         write(audit / "f", "x");
         set_mode(audit / "f", 0600);
         std::filesystem::create_hard_link(audit / "f", folder / "second");
       }},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      row.make();
      const auto text = directory.read("f", 100);
      REQUIRE_FALSE(text);
      CHECK(text.error().kind() == ErrorKind::denied);
      CHECK(directory.open("f", LogDirectory::Access::append).error().kind() == ErrorKind::denied);
    }
  }
}

TEST_CASE("a second writer is kept out until the first is gone") {
  const Folder folder;
  {
    const LogDirectory first = open_in(folder).value();
    const auto second = open_in(folder);
    REQUIRE_FALSE(second);
    CHECK(second.error().kind() == ErrorKind::exists);
    CHECK(LogDirectory::open_to_read(folder / "audit"));
  }
  CHECK(open_in(folder));
}

TEST_CASE("a directory that was moved, removed or replaced is noticed") {
  const Folder folder;
  const LogDirectory directory = open_in(folder).value();
  REQUIRE(directory.check_in_place());
  std::filesystem::rename(folder / "audit", folder / "moved");
  CHECK(directory.check_in_place().error().kind() == ErrorKind::conflict);
  std::filesystem::create_directory(folder / "audit");
  set_mode(folder / "audit", 0700);
  CHECK(directory.check_in_place().error().kind() == ErrorKind::conflict);
  std::filesystem::remove(folder / "audit");
  std::filesystem::create_directory_symlink("moved", folder / "audit");
  CHECK(directory.check_in_place().error().kind() == ErrorKind::conflict);
  std::filesystem::remove(folder / "audit");
  std::filesystem::rename(folder / "moved", folder / "audit");
  CHECK(directory.check_in_place());
}

TEST_CASE("files are made, replaced and read back, and nothing else is left") {
  const Folder folder;
  {
    const LogDirectory directory = open_in(folder).value();
    CHECK_FALSE(directory.read("f", 100).value());
    REQUIRE(directory.replace("f", "one"));
    REQUIRE(directory.replace("f", "two"));
    CHECK(directory.read("f", 3).value() == "two");
    CHECK(directory.read("f", 2).error().kind() == ErrorKind::limit);
    CHECK(directory.create("new"));
    CHECK(directory.create("new").error().kind() == ErrorKind::exists);
    write(folder / "audit/.new-0123456789abcdef", "left behind");
  }
  REQUIRE(open_in(folder));
  std::size_t entries = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "audit")) {
    ++entries;
    struct stat s{};
    REQUIRE(::stat(entry.path().c_str(), &s) == 0);
    CHECK((s.st_mode & 07777) == 0600);
  }
  CHECK(entries == 2);
}

TEST_CASE("for reading, owner and mode do not matter, links do") {
  const Folder folder;
  write(folder / "f", "text");
  set_mode(folder / "f", 0644);
  std::filesystem::create_symlink("f", folder / "link");
  const LogDirectory directory = LogDirectory::open_to_read(folder.path()).value();
  CHECK(directory.read("f", 100).value() == "text");
  CHECK(directory.read("link", 100).error().kind() == ErrorKind::denied);
  CHECK_FALSE(directory.read("none", 100).value());
}
