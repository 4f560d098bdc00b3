#include "roles/file_opener.h"

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "os/file.h"

using namespace glovebox;
using namespace glovebox::roles;

namespace {

struct Folder {
  Folder() {
    std::string made = std::filesystem::temp_directory_path() / "glovebox-opener-XXXXXX";
    REQUIRE(::mkdtemp(made.data()) != nullptr);
    path = made;
    for (const char* below : {"named", "other"}) {
      std::filesystem::create_directory(path / below);
      std::ofstream(path / below / "file") << below;
    }
    std::filesystem::create_symlink(path / "named/file", path / "named/link");
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path path;
};

std::string text_of(const Result<UniqueFd>& file) {
  return file ? os::read_all(file->get(), 64).value() : file.error().message();
}

}  // namespace

TEST_CASE("the opener that stays opens what lies beside the files it was told of, nothing else") {
  if (::geteuid() != 0) SKIP("it keeps a right of root");
  const Folder folder;
  auto opener = FileOpener::keep({folder.path / "named/file", folder.path / "gone/file"});
  REQUIRE(opener);
  CHECK(text_of(opener->open(folder.path / "named/file")) == "named");
  CHECK(text_of(opener->open(folder.path / "named/none")) == "open: ENOENT");
  CHECK(text_of(opener->open(folder.path / "named/link")) == "open: ELOOP");
  CHECK(text_of(opener->open(folder.path / "other/file")) == "open: EACCES");
  CHECK(text_of(opener->open("/etc/passwd")) == "open: EACCES");
  // One that takes its place is seen, which is how keys and policies are replaced.
  std::ofstream(folder.path / "named/new") << "replaced";
  std::filesystem::rename(folder.path / "named/new", folder.path / "named/file");
  CHECK(text_of(opener->open(folder.path / "named/file")) == "replaced");
  FileOpener moved = *std::move(opener);
  CHECK(text_of(moved.open(folder.path / "named/file")) == "replaced");
}

TEST_CASE("without a process of its own the rights are those of the caller") {
  const Folder folder;
  const FileOpener opener;
  CHECK(text_of(opener.open(folder.path / "other/file")) == "other");
  CHECK(text_of(opener.open(folder.path / "named/link")).ends_with("ELOOP"));
  CHECK(opener.open(folder.path / "none").error().kind() == ErrorKind::not_found);
}
