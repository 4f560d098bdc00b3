#include "cli/output_file.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

using namespace glovebox;
using namespace glovebox::cli;

namespace {

class Folder {
 public:
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "glovebox-cli-XXXXXX";
    path = ::mkdtemp(name.data());
  }
  Folder(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path); }
  std::string operator/(const char* name) const { return path / name; }
  std::filesystem::path path;
};

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("nothing is written over what is no file, or where no file can be") {
  const Folder folder;
  std::filesystem::create_directory(folder / "folder");
  std::ofstream(folder / "target") << "old";
  std::filesystem::create_symlink("target", folder / "link");
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  for (const char* name : {"folder", "link", "fifo"}) {
    CAPTURE(name);
    const auto written = write_output_file(folder / name, "new", kReadableByOwner);
    CHECK(written.error().kind() == ErrorKind::exists);
  }
  CHECK(read(folder / "target") == "old");
  for (const std::string& path : {std::string(), folder / "", folder / ".", folder / ".."}) {
    CAPTURE(path);
    CHECK(write_output_file(path, "new", kReadableByOwner).error().kind() == ErrorKind::invalid);
  }
  CHECK(write_output_file(folder / "none/x", "new", kReadableByOwner).error().kind() ==
        ErrorKind::not_found);
}

TEST_CASE("a file is written whole, in place of the one that is there, with its mode") {
  const Folder folder;
  for (const unsigned mode : {kReadableByAll, kReadableByOwner}) {
    REQUIRE(write_output_file(folder / "file", "text", mode));
    CHECK(read(folder / "file") == "text");
    CHECK(static_cast<unsigned>(std::filesystem::status(folder / "file").permissions()) == mode);
  }
  REQUIRE(write_output_file(folder / "file", "", kReadableByAll));
  CHECK(read(folder / "file").empty());
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 1);
}
