#include "roles/seed.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "fresh_folder.h"
#include "os/file.h"

using namespace glovebox;
using namespace glovebox::roles;

namespace {

Result<void> copy(const FreshFolder& place) {
  const auto to = os::open_path(place.folder("copy"), O_RDONLY | O_DIRECTORY);
  REQUIRE(to);
  return copy_seed(place.at("seed"), to->get(), {});
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::uint32_t mode_of(const std::string& path) {
  struct stat facts{};
  REQUIRE(::lstat(path.c_str(), &facts) == 0);
  return facts.st_mode & 07777;
}

}  // namespace

TEST_CASE("a seed that cannot be copied whole is refused") {
  struct Row {
    const char* name;
    std::function<void(const FreshFolder&)> spoil;
    ErrorKind kind;
    const char* says;
  };
  const Row rows[] = {
      {"a fifo",
       [](const FreshFolder& place) { REQUIRE(::mkfifo(place.at("seed/f").c_str(), 0600) == 0); },
       ErrorKind::denied, "f: a seed holds only files, folders and symbolic links"},
      {"too deep",
       [](const FreshFolder& place) {
         std::string name = "seed";
         for (std::size_t i = 0; i <= kMaxSeedDepth; ++i) name += "/d";
         (void)place.folder(name);
       },
       ErrorKind::limit, "the seed is too deep"},
      {"absent", [](const FreshFolder& place) { std::filesystem::remove_all(place.at("seed")); },
       ErrorKind::not_found, "seed"},
      {"no folder",
       [](const FreshFolder& place) {
         std::filesystem::remove_all(place.at("seed"));
         (void)place.file("seed");
       },
       ErrorKind::io, "seed"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const FreshFolder place;
    (void)place.folder("seed");
    row.spoil(place);
    const auto copied = copy(place);
    REQUIRE_FALSE(copied);
    if (row.kind != ErrorKind::io) CHECK(copied.error().kind() == row.kind);
    if (std::string(row.says) != "seed") CHECK(copied.error().message().contains(row.says));
  }
}

TEST_CASE("a seed is copied as it is, but for rights that a file could give") {
  const FreshFolder place;
  (void)place.folder("seed/d/empty");
  (void)place.file("seed/d/plain", "plain text");
  (void)place.file("seed/.hidden", "");
  (void)place.file("seed/tool", "#!/bin/sh\n");
  (void)place.file("outside", "secret");
  REQUIRE(::chmod(place.at("seed/tool").c_str(), 06755) == 0);
  REQUIRE(::chmod(place.at("seed/d").c_str(), 01750) == 0);
  REQUIRE(::chmod(place.at("seed/d/plain").c_str(), 0440) == 0);
  std::filesystem::create_symlink(place.at("outside"), place.at("seed/out"));
  std::filesystem::create_symlink("d", place.at("seed/in"));
  std::filesystem::create_symlink("nowhere", place.at("seed/dangling"));
  std::filesystem::create_hard_link(place.at("seed/tool"), place.at("seed/hard"));
  REQUIRE(copy(place));
  CHECK(text_of(place.at("copy/d/plain")) == "plain text");
  CHECK(std::filesystem::is_empty(place.at("copy/d/empty")));
  CHECK(place.has("copy/.hidden"));
  CHECK(mode_of(place.at("copy/tool")) == 0755);
  CHECK(mode_of(place.at("copy/d")) == 0750);
  CHECK(mode_of(place.at("copy/d/plain")) == 0440);
  CHECK(std::filesystem::read_symlink(place.at("copy/out")) == place.at("outside"));
  CHECK(std::filesystem::read_symlink(place.at("copy/in")) == "d");
  CHECK(std::filesystem::read_symlink(place.at("copy/dangling")) == "nowhere");
  CHECK(std::filesystem::hard_link_count(place.at("copy/hard")) == 1);
}

TEST_CASE("a seed and the workspaces are not in each other") {
  struct Row {
    const char *seed, *work;
    bool good;
  };
  const Row rows[] = {{"a", "a", false},
                      {"a/seed", "a", false},
                      {"a", "a/work", false},
                      {"a", "b", true},
                      {"a", "a-work", true}};
  const FreshFolder place;
  for (const Row& row : rows) {
    INFO(row.seed << " and " << row.work);
    CHECK(check_seed(place.folder(row.seed), place.folder(row.work)).has_value() == row.good);
  }
  CHECK_FALSE(check_seed(place.at("absent"), place.at("work")));
}
