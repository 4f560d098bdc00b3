#include "os/dir_walk.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <string>
#include <vector>

#include "os/file.h"
#include "support.h"

using namespace glovebox;
using namespace glovebox::os;
using namespace glovebox::os::test;

TEST_CASE("what is no folder cannot be read as one") {
  const Folder folder;
  write(folder / "file", "");
  const UniqueFd file = open_path(folder / "file", O_RDONLY).value();
  std::vector<char> buffer(kDirectoryBuffer);
  DirectoryReader reader(file.get(), buffer);
  CHECK_FALSE(reader.next());
}

TEST_CASE("every entry comes once, with its kind, through a small buffer too") {
  const Folder folder;
  std::map<std::string, EntryKind> expected;
  for (int i = 0; i < 300; ++i) {
    const std::string name = "file " + std::to_string(i) + std::string(i % 90, 'x');
    write(folder / name, "");
    expected[name] = EntryKind::regular;
  }
  std::filesystem::create_directory(folder / "sub");
  std::filesystem::create_symlink("sub", folder / "link");
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  expected["sub"] = EntryKind::directory;
  expected["link"] = EntryKind::link;
  expected["pipe"] = EntryKind::other;
  for (const std::size_t size : {std::size_t{1024}, kDirectoryBuffer}) {
    const UniqueFd fd = open_path(folder.path(), O_RDONLY | O_DIRECTORY).value();
    std::vector<char> buffer(size);
    DirectoryReader reader(fd.get(), buffer);
    std::map<std::string, EntryKind> seen;
    while (const auto entry = reader.next().value())
      CHECK(seen.emplace(entry->name, entry->kind).second);
    CHECK(seen == expected);
  }
}
