#include "roles/secret_command.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <filesystem>
#include <format>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "os/file.h"
#include "os/process.h"
#include "roles/role.h"

using namespace glovebox;
using namespace glovebox::roles;

namespace {

constexpr milliseconds kLong{60'000};

// A folder that the supervisor's ids can reach, and a script in it.
class Script {
 public:
  explicit Script(std::string_view text) {
    std::string made = std::filesystem::temp_directory_path() / "glovebox-command-XXXXXX";
    REQUIRE(::mkdtemp(made.data()) != nullptr);
    REQUIRE(::chmod(made.c_str(), 0755) == 0);
    folder = made;
    path = folder / "program";
    std::ofstream(path) << "#!/bin/sh\n" << text << "\n";
    REQUIRE(::chmod(path.c_str(), 0755) == 0);
  }
  ~Script() { std::filesystem::remove_all(folder); }
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  SecretCommand command(milliseconds patience = kLong) const {
    auto made = SecretCommand::keep({path, "one", "two words"}, started(), patience);
    REQUIRE(made);
    return *std::move(made);
  }
  static StartedAs started() { return ::geteuid() == 0 ? StartedAs::root : StartedAs::user; }

  std::filesystem::path folder, path;
};

CommandAnswer run(const Script& script, milliseconds patience = kLong) {
  SecretCommand command = script.command(patience);
  REQUIRE(command.ask());
  return command.take();
}

std::string word_of(const CommandAnswer& answer) {
  return answer.secret ? std::string(answer.secret->reveal())
                       : "error: " + answer.secret.error().message();
}

bool lives(pid_t pid) {
  return ::kill(pid, 0) == 0 || errno == EPERM;
}

}  // namespace

TEST_CASE("a program that others could have written is not run") {
  struct Row {
    const char* name;
    std::function<void(const Script&)> change;
    std::string_view says;
  };
  const Row rows[] = {
      {"its group can write it", [](const Script& s) { ::chmod(s.path.c_str(), 0775); },
       "can be written by group or others"},
      {"all can write it", [](const Script& s) { ::chmod(s.path.c_str(), 0757); },
       "can be written by group or others"},
      {"all can write its folder", [](const Script& s) { ::chmod(s.folder.c_str(), 0777); },
       "others can put something in its place"},
      {"its group can write its folder", [](const Script& s) { ::chmod(s.folder.c_str(), 0775); },
       "others can put something in its place"},
      {"it cannot be executed", [](const Script& s) { ::chmod(s.path.c_str(), 0644); },
       "cannot be executed"},
      {"a link",
       [](const Script& s) {
         std::filesystem::rename(s.path, s.folder / "other");
         std::filesystem::create_symlink(s.folder / "other", s.path);
       },
       "is a symbolic link"},
      {"a folder",
       [](const Script& s) {
         std::filesystem::remove(s.path);
         std::filesystem::create_directory(s.path);
       },
       "is not a regular file"},
      {"nothing", [](const Script& s) { std::filesystem::remove(s.path); }, "ENOENT"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const Script script("echo user:word");
    row.change(script);
    const std::string said = word_of(run(script));
    INFO(said);
    CHECK(said.starts_with("error: " + script.path.string() + ": "));
    CHECK(said.contains(row.says));
  }
  if (::geteuid() != 0) SKIP("only root can give a file away");
  const Script script("echo user:word");
  REQUIRE(::chown(script.path.c_str(), 12345, 12345) == 0);
  CHECK(word_of(run(script)).contains("belongs to user 12345"));
}

TEST_CASE("what is no word is refused, with the reason") {
  struct Row {
    const char* name;
    std::string_view script, says;
  };
  const Row rows[] = {
      {"a status", "echo user:word; exit 3", "ended with status 3"},
      {"a signal", "echo user:word; kill -9 $$", "ended with signal 9"},
      {"nothing", "true", "printed nothing"},
      {"only a line feed", "echo", "printed nothing"},
      {"two lines", "echo a; echo b", "more than one line"},
      {"a NUL", "printf 'a\\0b'", "more than one line"},
      {"too much", "head -c 9000 /dev/zero | tr '\\0' x", "prints more than 8192 bytes"},
      {"without an end", "exec cat /dev/zero", "prints more than 8192 bytes"},
      {"no program", "exec /nowhere/program", "ended with status"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const std::string said = word_of(run(Script(row.script)));
    INFO(said);
    CHECK(said.starts_with("error: "));
    CHECK(said.contains(row.says));
    CHECK_FALSE(said.contains("user:word"));
  }
  CHECK(word_of(run(Script("exec sleep 600"), milliseconds(200))).contains("it took too long"));
}

TEST_CASE("the word is what the program prints") {
  CHECK(word_of(run(Script("echo user:word"))) == "user:word");
  CHECK(word_of(run(Script("printf 'user:a word'"))) == "user:a word");
  CHECK(word_of(run(Script("printf '%s,' \"$@\""))) == "one,two words,");
  CHECK(word_of(run(Script("head -c 8192 /dev/zero | tr '\\0' x"))).size() == 8192);
}

TEST_CASE("what it says on standard error is cut, and has no secret in it") {
  const auto answer = run(Script("echo \"got user:word, that is word\" >&2; echo user:word"));
  CHECK(word_of(answer) == "user:word");
  CHECK(answer.said == "got (not shown), that is (not shown)\n");
  const auto flood = run(Script("head -c 1000000 /dev/zero | tr '\\0' e >&2; echo user:word"));
  CHECK(word_of(flood) == "user:word");
  CHECK(flood.said.size() == kCommandComplaint);
}

TEST_CASE("the program has nothing of glovebox's") {
  // Open in this process, and not marked for closing.
  const UniqueFd secret_file = os::open_path("/etc/passwd", O_RDONLY).value();
  const UniqueFd kept(::dup(secret_file.get()));
  ::setenv("GLOVEBOX_TEST_CANARY", "canary", 1);
  CHECK(word_of(run(Script("tr '\\0' ' ' < /proc/$$/environ"))) ==
        std::format("PATH={} LANG=C.UTF-8 ", kCommandPath));
  ::unsetenv("GLOVEBOX_TEST_CANARY");
  // The shell's own descriptor of the script beside the three.
  CHECK(word_of(run(Script("for f in /proc/$$/fd/*; do readlink $f; done | sed 's/:.*//' | sort | "
                           "uniq -c | tr -s '\\n ' ' ' | sed \"s|$0|SCRIPT|\""))) ==
        " 1 /dev/null 1 SCRIPT 2 pipe ");
  CHECK(word_of(run(Script("pwd"))) == "/");
  CHECK(word_of(run(Script("read line || echo nothing to read"))) == "nothing to read");
  CHECK(word_of(run(Script("grep -hE '^(Cap(Prm|Eff|Amb)|NoNewPrivs)' /proc/$$/status | "
                           "sed 's/.*:.//' | sort -u | tr '\\n' ' '"))) == "0000000000000000 1 ");
  if (::geteuid() == 0) {
    CHECK(word_of(run(Script("id -u; id -G | sed s/^/groups\\ /"))).contains("more than one line"));
    CHECK(word_of(run(Script("echo $(id -u) $(id -G) $(grep CapBnd /proc/$$/status)"))) ==
          std::format("{} {} CapBnd: 0000000000000000", user_of(Role::supervisor).uid,
                      user_of(Role::supervisor).gid));
  }
  // A group and a session of its own, without a terminal.
  CHECK(word_of(run(Script("set -- $(cat /proc/$$/stat); test $5 = $$ && test $6 = $$ && test $7 = "
                           "0 && echo alone"))) == "alone");
}

TEST_CASE("whatever the program started ends with its run") {
  for (const std::string_view script :
       {"sleep 600 & echo $!", "setsid sleep 600 & echo $!",
        "setsid sh -c 'sleep 600 & echo $!; exec sleep 600' & sleep 1"}) {
    CAPTURE(script);
    const std::string word = word_of(run(Script(script)));
    CAPTURE(word);
    const int pid = std::atoi(word.c_str());
    REQUIRE(pid > 1);
    CHECK_FALSE(lives(pid));
  }
}

TEST_CASE("it ends with whoever asked, also in the middle") {
  const Script script("echo $$ > $0.pid; exec sleep 600");
  REQUIRE(::chmod(script.folder.c_str(), 01777) == 0);
  pid_t pid = 0;
  {
    SecretCommand command = script.command();
    REQUIRE(command.ask());
    while (pid == 0) {
      std::ifstream file(script.path.string() + ".pid");
      if (!(file >> pid)) pid = 0;
      ::usleep(1000);  // between two looks
    }
    CHECK(lives(pid));
  }
  CHECK_FALSE(lives(pid));
}

TEST_CASE("it runs again when it is asked again, and not more often than is said") {
  const Script script("echo x >> $0.runs; wc -l < $0.runs");
  REQUIRE(::chmod(script.folder.c_str(), 01777) == 0);
  SecretCommand command = script.command();
  const SystemClock clock;
  const Duration began = clock.monotonic();
  REQUIRE(command.ask());
  REQUIRE(command.ask());  // it runs already
  CHECK(word_of(command.take()) == "1");
  REQUIRE(command.ask());
  CHECK(word_of(command.take()) == "2");
  CHECK(clock.monotonic() - began >= kCommandGap);
}

TEST_CASE("without a process there is an error, not a wait") {
  CHECK(SecretCommand::keep({}, StartedAs::user).error().kind() == ErrorKind::invalid);
  SecretCommand none;
  CHECK_FALSE(none.there());
  CHECK(none.ask().error().kind() == ErrorKind::closed);
}
