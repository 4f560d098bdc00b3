#include "roles/secret_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>

using namespace glovebox;
using namespace glovebox::roles;

namespace {

class Folder {
 public:
  Folder() {
    std::string made = std::filesystem::temp_directory_path() / "glovebox-secret-XXXXXX";
    REQUIRE(::mkdtemp(made.data()) != nullptr);
    path_ = made;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string put(std::string_view text, mode_t mode) const {
    const std::string path = path_ / "key";
    std::filesystem::remove(path);
    std::ofstream(path) << text;
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    return path;
  }
  std::string path(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("a secret that others may know, or that is none, is refused") {
  const Folder folder;
  using Rule = SecretFile::Rule;
  struct Row {
    const char* name;
    std::function<std::string()> make;
    Rule rule;
    std::string_view says;
  };
  const Row rows[] = {
      {"missing", [&] { return folder.path("none"); }, Rule::owner_only, "ENOENT"},
      {"readable by the group", [&] { return folder.put("k", 0640); }, Rule::owner_only,
       "hint: chmod 600"},
      {"readable by others", [&] { return folder.put("k", 0604); }, Rule::owner_only,
       "group or others"},
      {"writable by others", [&] { return folder.put("k", 0602); }, Rule::owner_only,
       "group or others"},
      {"empty", [&] { return folder.put("", 0600); }, Rule::owner_only, "nothing in it"},
      {"only line feeds", [&] { return folder.put("\n\r\n", 0600); }, Rule::owner_only,
       "nothing in it"},
      {"too long", [&] { return folder.put(std::string(65 * 1024, 'k'), 0600); }, Rule::owner_only,
       "key"},
      {"a folder", [&] { return folder.path("."); }, Rule::owner_only, "not a regular file"},
      {"a symbolic link",
       [&] {
         std::filesystem::create_symlink(folder.put("k", 0600), folder.path("link"));
         return folder.path("link");
       },
       Rule::owner_only, "ELOOP"},
      {"a pipe with nobody at its end",
       [&] {
         REQUIRE(::mkfifo(folder.path("pipe").c_str(), 0600) == 0);
         return folder.path("pipe");
       },
       Rule::credential, "not a regular file"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const auto secret = read_secret_file(FileOpener(), {row.rule, row.make()});
    REQUIRE_FALSE(secret);
    INFO(secret.error().message());
    CHECK(secret.error().message().contains(row.says));
  }
}

TEST_CASE("a secret is the file without the line feeds at its end") {
  const Folder folder;
  struct Row {
    std::string_view text;
    mode_t mode;
    SecretFile::Rule rule;
    std::string_view secret;
  };
  const Row rows[] = {
      {"key", 0600, SecretFile::Rule::owner_only, "key"},
      {"key\n", 0400, SecretFile::Rule::owner_only, "key"},
      {" k e y \r\n\n", 0600, SecretFile::Rule::owner_only, " k e y "},
      {"key\n", 0440, SecretFile::Rule::credential, "key"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto secret = read_secret_file(FileOpener(), {row.rule, folder.put(row.text, row.mode)});
    REQUIRE(secret);
    CHECK(secret->reveal() == row.secret);
  }
}
