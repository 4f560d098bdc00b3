#include "audit/anchor_file.h"

#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <string>

#include "folder.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

const std::string kNote = "text\n\n\u2014 a AAAAAAA=\n";

}  // namespace

TEST_CASE("a place that leads elsewhere is no anchor") {
  Folder folder;
  write(folder / "elsewhere", "kept\n");
  std::filesystem::create_directory(folder / "dir");
  std::filesystem::create_symlink(folder / "elsewhere", folder / "link");
  std::filesystem::create_symlink(folder / "nowhere", folder / "dangling");
  std::filesystem::create_symlink(folder / "dir", folder / "linked");
  std::filesystem::create_hard_link(folder / "elsewhere", folder / "second");
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  const struct {
    const char* name;
    std::string path;
    ErrorKind kind;
  } rows[] = {
      {"not absolute", "anchors", ErrorKind::invalid},
      {"a folder by its slash", folder / "dir/", ErrorKind::invalid},
      {"the folder above", folder / "..", ErrorKind::invalid},
      {"a link", folder / "link", ErrorKind::denied},
      {"a link to nothing", folder / "dangling", ErrorKind::denied},
      {"a link on the way", folder / "linked/file", ErrorKind::denied},
      {"a second name", folder / "second", ErrorKind::denied},
      {"a pipe", folder / "fifo", ErrorKind::denied},
      {"a folder that is not there", folder / "missing/file", ErrorKind::not_found},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(AnchorFile::open(row.path).error().kind() == row.kind);
    }
  }
  CHECK_FALSE(AnchorFile::open(folder / "dir"));
  CHECK(read(folder / "elsewhere") == "kept\n");
  CHECK_FALSE(std::filesystem::exists(folder / "nowhere"));
}

TEST_CASE("an anchor whose name leads elsewhere is not written to again") {
  Folder folder;
  AnchorFile file = AnchorFile::open(folder / "anchors").value();
  file.append(kNote).value();
  std::filesystem::rename(folder / "anchors", folder / "moved");
  CHECK(file.append(kNote).error().kind() == ErrorKind::conflict);
  std::filesystem::rename(folder / "moved", folder / "anchors");
  CHECK(file.append(kNote).error().kind() == ErrorKind::io);
  CHECK(read(folder / "anchors") == kNote);
}

TEST_CASE("checkpoints stand in the file one behind the other") {
  Folder folder;
  const auto path = folder / "anchors";
  AnchorFile::open(path)->append(kNote).value();
  AnchorFile file = AnchorFile::open(path).value();
  file.append(kNote).value();
  file.append(kNote).value();
  CHECK(read(path) == kNote + kNote + kNote);
  CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms::mask) ==
        static_cast<std::filesystem::perms>(0644));
  // What a crash left is ended, not taken away.
  write(path, kNote + "text\n\n\u2014 a AA");
  AnchorFile::open(path)->append(kNote).value();
  CHECK(read(path) == kNote + "text\n\n\u2014 a AA" + std::string(kCutMark) + kNote);
}
