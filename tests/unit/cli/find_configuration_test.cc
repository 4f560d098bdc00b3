#include "cli/find_configuration.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "os/file.h"

using namespace glovebox;
using namespace glovebox::cli;

namespace {

class Folder {
 public:
  Folder() {
    std::string made = std::filesystem::temp_directory_path() / "glovebox-config-XXXXXX";
    REQUIRE(::mkdtemp(made.data()) != nullptr);
    path_ = made;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string put(const char* name, std::string_view text, mode_t mode) const {
    const std::string path = path_ / name;
    std::ofstream(path) << text;
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    return path;
  }
  std::string path(const char* name = "") const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

roles::SecretReference reference(const std::string& text) {
  return roles::parse_secret_reference(text).value();
}

}  // namespace

TEST_CASE("a configuration that is not there, not safe or not valid ends the command") {
  const Folder folder;
  std::filesystem::create_symlink(folder.put("good", "", 0644), folder.path("link"));
  const struct {
    const char* name;
    std::string path;
    std::string_view says;
  } rows[] = {
      {"missing", folder.path("none"), "ENOENT"},
      {"a folder", folder.path(), "regular file"},
      {"a symbolic link", folder.path("link"), "symbolic link"},
      {"writable by the group", folder.put("group", "", 0664), "group"},
      {"invalid", folder.put("bad", "[wroker]\n", 0644), "bad:1:2: error GB0010"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto found = find_configuration(row.path);
    REQUIRE_FALSE(found);
    INFO(found.error().message);
    CHECK(found.error().code == ExitCode::unconfigured);
    CHECK(found.error().message.contains(row.says));
  }
  const auto found = find_configuration(folder.put("say", "[log]\nlevel = \"error\"\n", 0640));
  REQUIRE(found);
  CHECK(found->log_level == LogLevel::error);
}

TEST_CASE("each way of naming a secret finds it, once or again") {
  const Folder folder;
  const std::string file = folder.put("key", "from a file\n", 0600);
  folder.put("environment-key", "from systemd\n", 0440);
  ::setenv("CREDENTIALS_DIRECTORY", folder.path().c_str(), 1);
  ::setenv("GLOVEBOX_TEST_KEY", "from a variable", 1);
  os::Pipe pipe = os::make_pipe().value();
  REQUIRE(os::write_all(pipe.writer.get(), "from a pipe\n"));
  pipe.writer.reset();

  const auto of_file = find_secret(reference("file:" + file));
  REQUIRE(of_file);
  CHECK(of_file->secret.reveal() == "from a file");
  REQUIRE(of_file->file);
  CHECK(of_file->file->path == file);

  const auto of_systemd = find_secret(reference("credential:environment-key"));
  REQUIRE(of_systemd);
  CHECK(of_systemd->secret.reveal() == "from systemd");
  CHECK(of_systemd->file->rule == roles::SecretFile::Rule::credential);

  const auto of_variable = find_secret(reference("env:GLOVEBOX_TEST_KEY"));
  REQUIRE(of_variable);
  CHECK(of_variable->secret.reveal() == "from a variable");
  CHECK_FALSE(of_variable->file);
  CHECK(::getenv("GLOVEBOX_TEST_KEY") == nullptr);
  CHECK_FALSE(find_secret(reference("env:GLOVEBOX_TEST_KEY")));

  const int number = pipe.reader.release();
  const auto of_descriptor = find_secret(reference("fd:" + std::to_string(number)));
  REQUIRE(of_descriptor);
  CHECK(of_descriptor->secret.reveal() == "from a pipe");
  CHECK(::fcntl(number, F_GETFD) == -1);
  CHECK_FALSE(find_secret(reference("fd:" + std::to_string(number))));

  ::unsetenv("CREDENTIALS_DIRECTORY");
  const auto without = find_secret(reference("credential:environment-key"));
  REQUIRE_FALSE(without);
  CHECK(without.error().message().contains("hint: LoadCredential="));
}
