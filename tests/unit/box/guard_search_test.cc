// Looking for guarded names in a tree of a guest's, and taking away what it made there.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <filesystem>
#include <format>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "box/guard_search.h"
#include "box/guard_sweep.h"
#include "box/quarantine.h"
#include "os/file.h"
#include "os/identity.h"

namespace glovebox::box {
namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

// A workspace and a session's folder; `far`: on two file systems.
class Ground {
 public:
  explicit Ground(const char* session_below = "/tmp") {
    char work[] = "/tmp/guard-test-XXXXXX";
    REQUIRE(::mkdtemp(work) != nullptr);
    std::string session = std::format("{}/guard-test-XXXXXX", session_below);
    REQUIRE(::mkdtemp(session.data()) != nullptr);
    work_ = work;
    session_ = session;
    fd_ = *os::open_path(session_, O_RDONLY | O_DIRECTORY);
  }
  ~Ground() {
    // Also what a test has shut.
    std::error_code ignored;
    for (const fs::path& path : {fs::path(work_), fs::path(session_)}) {
      for (auto at = fs::recursive_directory_iterator(
               path, fs::directory_options::skip_permission_denied, ignored);
           at != fs::recursive_directory_iterator(); at.increment(ignored))
        if (at->is_directory(ignored) && !at->is_symlink(ignored))
          ::chmod(at->path().c_str(), 0700);
      fs::remove_all(path, ignored);
    }
  }

  fs::path work() const { return work_; }
  fs::path quarantine() const { return fs::path(session_) / kQuarantine; }
  GuardGround ground() const {
    return {work_, fd_.get(), {1000, os::effective_uid(), os::effective_gid()}};
  }
  int session() const { return fd_.get(); }

  void make(const std::string& path, std::string_view text = "x") const {
    fs::create_directories((work() / path).parent_path());
    std::ofstream(work() / path) << text;
  }
  GuardSearch search(const std::vector<GuardRule>& rules, std::size_t most = 1000) const {
    const UniqueFd fd = os::open_path(work_, O_PATH | O_DIRECTORY).value();
    return search_guarded(fd.get(), rules, most).value();
  }

 private:
  std::string work_, session_;
  UniqueFd fd_;
};

GuardRule rule(std::string name, Reach reach = Reach::repositories) {
  return {std::move(name), Protection::read_only, reach, "p:1"};
}

Texts paths(const GuardSearch& search) {
  Texts all;
  for (const GuardedName& name : search.names)
    all.push_back(std::format("{}@{}", name.path, name.depth));
  return all;
}

Texts told(const GuardReport& report) {
  Texts all;
  for (const SweptName& name : report.names)
    all.push_back(
        std::format("{} {} {}", kind_name(name.type), name.path, to_string(name.moved.fate)));
  return all;
}

}  // namespace

TEST_CASE("names are found at the roots of the workspace and of its repositories") {
  const Ground ground;
  ground.make(".env.local");
  ground.make(".git/hooks/pre-commit");
  ground.make("sub/.git/config");
  ground.make("sub/.env");
  ground.make("plain/.env");  // no repository
  ground.make("a/b/c/d/.git/config");
  ground.make("a/b/c/d/e/.git/config");       // too deep
  ground.make("worktree/.git");               // a file: what stands in the way is guarded
  ground.make(".git/modules/x/.git/config");  // nothing is looked for in .git
  CHECK(paths(ground.search({rule(".env*"), rule(".git/config"), rule(".git/hooks")})) ==
        Texts{".env.local@0", ".git/hooks@0", "a/b/c/d/.git/config@4", "sub/.env@1",
              "sub/.git/config@1", "worktree/.git@1"});
  CHECK(paths(ground.search({rule(".env*", Reach::workspace)})) == Texts{".env.local@0"});
  CHECK(ground.search({rule(".env*")}).is_whole);
}

TEST_CASE("what is said of .git holds for the git folders of submodules and worktrees") {
  const Ground ground;
  for (const char* path : {".git/HEAD",
                           ".git/config",
                           ".git/objects/aa/config",
                           ".git/modules/sub/objects/x",
                           ".git/modules/sub/config",
                           ".git/modules/sub/hooks/x",
                           ".git/modules/libs/deep/config",
                           ".git/modules/libs/deep/objects/x",
                           ".git/modules/libs/objects/here/objects/pack/x",
                           ".git/modules/libs/objects/here/config",
                           ".git/modules/sub/modules/inner/HEAD",
                           ".git/modules/sub/modules/inner/config",
                           ".git/modules/none/config",
                           ".git/modules/sub/objects/aa/config",
                           ".git/worktrees/wt/commondir",
                           ".git/worktrees/wt/config",
                           ".git/worktrees/wt/modules/sub/objects/x",
                           ".git/worktrees/wt/modules/sub/config",
                           "r/.git/modules/m/objects/x",
                           "r/.git/modules/m/config"})
    ground.make(path);
  fs::create_symlink("sub", ground.work() / ".git/modules/link");
  const GuardSearch found =
      ground.search({rule(".git/config"), rule(".git/commondir"), rule("config")});
  CHECK(found.is_whole);
  CHECK(paths(found) ==
        Texts{".git/config@0", ".git/modules/libs/deep/config@4",
              ".git/modules/libs/objects/here/config@5", ".git/modules/sub/config@3",
              ".git/modules/sub/modules/inner/config@5", ".git/worktrees/wt/commondir@3",
              ".git/worktrees/wt/config@3", ".git/worktrees/wt/modules/sub/config@5",
              "r/.git/modules/m/config@4"});
  const auto marker_of = [&](const char* path) {
    return std::ranges::find(found.names, path, &GuardedName::path)->marker;
  };
  CHECK(marker_of(".git/config").empty());
  CHECK(marker_of(".git/modules/sub/config") == ".git/modules/sub/objects");
  CHECK(marker_of(".git/modules/sub/modules/inner/config") ==
        ".git/modules/sub/modules/inner/HEAD");
  CHECK(marker_of(".git/worktrees/wt/config").empty());
  CHECK(marker_of("r/.git/modules/m/config") == "r/.git/modules/m/objects");
  CHECK(paths(ground.search({rule(".git/config", Reach::workspace)})).size() == 7);
  CHECK(paths(ground.search({rule(".vscode")})).empty());
}

TEST_CASE("more git folders than are looked at are an error: nothing hides behind them") {
  const Ground ground;
  ground.make(".git/config");
  ground.make(".git/modules/x");
  for (std::size_t i = 0; i < kMaxGitFolders; ++i)
    REQUIRE(::mkdir(std::format("{}/.git/modules/f{}", ground.work().string(), i).c_str(), 0700) ==
            0);
  const auto refused = look_for_guarded(ground.ground(), {rule(".git/config")});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind() == ErrorKind::limit);
  CHECK(refused.error().message().contains("hint: "));
  CHECK(look_for_guarded(ground.ground(), {rule(".vscode")}));
  GuardReport report;
  sweep(ground.ground(), {{rule(".git/config")}, {}}, report);
  CHECK_FALSE(report.left.empty());
}

TEST_CASE("no link is followed, and a link is found as one") {
  const Ground ground;
  const Ground elsewhere;
  elsewhere.make(".git/config");
  elsewhere.make("hooks/x");
  fs::create_symlink(elsewhere.work(), ground.work() / "repository");
  fs::create_symlink(elsewhere.work() / ".git", ground.work() / ".git");
  fs::create_symlink("nowhere", ground.work() / ".vscode");
  const GuardSearch search = ground.search({rule(".git/config"), rule(".vscode")});
  CHECK(paths(search) == Texts{".git@0", ".vscode@0"});
  for (const GuardedName& name : search.names) CHECK(name.type == os::FileType::symlink);
}

TEST_CASE("a folder that its owner shut is looked into") {
  const Ground ground;
  ground.make("sub/.git/config");
  REQUIRE(::chmod((ground.work() / "sub/.git").c_str(), 0) == 0);
  REQUIRE(::chmod((ground.work() / "sub").c_str(), 0) == 0);
  REQUIRE(::chmod(ground.work().c_str(), 0300) == 0);
  CHECK(paths(ground.search({rule(".git/config")})) == Texts{"sub/.git/config@1"});
}

TEST_CASE("a folder that was shut is shut again if nothing guarded lies in it") {
  const Ground ground;
  ground.make("closed/in/it/file");
  ground.make("sub/.git/config");
  const auto mode_of = [&](const char* path) {
    struct stat facts{};
    REQUIRE(::stat((ground.work() / path).c_str(), &facts) == 0);
    return facts.st_mode & 07777;
  };
  const auto shut = [&](const char* path, unsigned mode) {
    REQUIRE(::chmod((ground.work() / path).c_str(), mode) == 0);
  };
  shut("closed/in", 0110);
  shut("closed", 0011);
  shut("sub", 0);
  CHECK(paths(ground.search({rule(".git/config")})) == Texts{"sub/.git/config@1"});
  CHECK(mode_of("closed") == 0011);
  // Root is shut out of nothing.
  CHECK(mode_of("sub") == (os::effective_uid() == 0 ? 0U : 0700U));
  shut("closed", 0700);
  CHECK(mode_of("closed/in") == 0110);
}

TEST_CASE("what was read before is read again when it has changed") {
  const Ground ground;
  ground.make("a/b/file");
  ground.make("a/c/file");
  ground.make("old/.git/config");
  const auto age = [&](const char* path) {
    // Only the kernel sets the time that counts; a folder has to grow old by itself.
    os::FolderStamp stamp = os::stamp_at(AT_FDCWD, (ground.work() / path).string()).value();
    while (SystemClock().wall().microseconds * 1000 - stamp.changed_ns <=
           std::chrono::nanoseconds(FolderCache::kSettled).count())
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
  };
  for (const char* path : {"a", "a/b", "a/c", "old"}) age(path);
  FolderCache cache;
  const UniqueFd fd = os::open_path(ground.work().string(), O_PATH | O_DIRECTORY).value();
  const auto look = [&] {
    return paths(search_guarded(fd.get(), {rule(".git/config")}, 100, &cache).value());
  };
  CHECK(look() == Texts{"old/.git/config@1"});
  CHECK(cache.find(fd.get(), "a") != nullptr);
  CHECK(cache.find(fd.get(), "a/b") != nullptr);
  CHECK(look() == Texts{"old/.git/config@1"});
  ground.make("a/b/.git/config");
  CHECK(cache.find(fd.get(), "a/b") == nullptr);
  CHECK(look() == Texts{"a/b/.git/config@2", "old/.git/config@1"});
  // One that changed a moment ago is not remembered: it could change again within the same tick.
  CHECK(cache.find(fd.get(), "a/b") == nullptr);
  // Moved with all that is in it, and something else put in its place.
  fs::rename(ground.work() / "a/c", ground.work() / "c");
  ground.make("a/c/x/.git/config");
  CHECK(look() == Texts{"a/b/.git/config@2", "a/c/x/.git/config@3", "old/.git/config@1"});
  ground.make("c/.git/config");
  CHECK(look() ==
        Texts{"a/b/.git/config@2", "a/c/x/.git/config@3", "c/.git/config@1", "old/.git/config@1"});
  fs::remove_all(ground.work() / "a");
  CHECK(look() == Texts{"c/.git/config@1", "old/.git/config@1"});
}

TEST_CASE("a search that is cut short says so, and the root is looked at all the same") {
  const Ground ground;
  ground.make(".env");
  for (std::size_t i = 0; i <= kMaxFoldersSearched; ++i)
    REQUIRE(::mkdir(std::format("{}/f{}", ground.work().string(), i).c_str(), 0700) == 0);
  const GuardSearch cut = ground.search({rule(".env")});
  CHECK(paths(cut) == Texts{".env@0"});
  CHECK_FALSE(cut.is_whole);
  const GuardSearch shallow = ground.search({rule(".env", Reach::workspace)});
  CHECK(shallow.is_whole);
  const GuardSearch few = ground.search({rule("f*", Reach::workspace)}, 5);
  CHECK(few.names.size() == 5);
  CHECK(few.has_more);
  CHECK(look_for_guarded(ground.ground(), {rule("f*", Reach::workspace)}).error().kind() ==
        ErrorKind::limit);
}

TEST_CASE("what was not there is taken away, what was there stays") {
  const Ground ground;
  ground.make(".git/config", "known");
  GuardWatch watch;
  watch.rules = {rule(".git/config"), rule(".git/hooks"), rule(".vscode"), rule(".env*")};
  watch.know(look_for_guarded(ground.ground(), watch.rules).value());

  ground.make(".git/hooks/pre-commit");
  ground.make(".vscode/tasks.json", std::string(5000, 't'));
  ground.make("new/.git/config");
  fs::create_symlink("/etc/passwd", ground.work() / ".env.local");
  GuardReport report;
  sweep(ground.ground(), watch, report);
  CHECK(told(report) == Texts{"link .env.local quarantined", "folder .git/hooks quarantined",
                              "folder .vscode quarantined", "file new/.git/config quarantined"});
  CHECK(report.left.empty());
  CHECK(report.is_whole);
  CHECK(report.names[2].moved.size.files == 2);
  CHECK(report.names[2].moved.size.bytes >= 5000);
  CHECK(report.names[2].rule == "p:1");
  for (const char* gone : {".git/hooks", ".vscode", "new/.git/config", ".env.local"})
    CHECK_FALSE(fs::exists(fs::symlink_status(ground.work() / gone)));
  CHECK(fs::exists(ground.work() / ".git/config"));
  CHECK(fs::exists(ground.work() / "new/.git"));
  CHECK(fs::is_symlink(ground.quarantine() / report.names[0].moved.place));
  CHECK(fs::exists(ground.quarantine() / report.names[2].moved.place / "tasks.json"));

  // Once more: there is nothing to be done.
  GuardReport again;
  sweep(ground.ground(), watch, again);
  CHECK(again.is_quiet());
  // Replaced by another file of the same name: it is not what was known.
  fs::rename(ground.work() / ".git/config", ground.work() / "aside");
  ground.make(".git/config", "other");
  sweep(ground.ground(), watch, again);
  CHECK(told(again) == Texts{"file .git/config quarantined"});
}

TEST_CASE("what a guest did to hold it fast does not hold it") {
  const Ground ground;
  GuardWatch watch;
  watch.rules = {rule(".git/hooks"), rule(".claude")};
  ground.make(".git/hooks/x");
  ground.make(".claude/deep/settings.json");
  REQUIRE(::chmod((ground.work() / ".claude/deep").c_str(), 0) == 0);
  REQUIRE(::chmod((ground.work() / ".claude").c_str(), 0) == 0);
  REQUIRE(::chmod((ground.work() / ".git/hooks").c_str(), 0500) == 0);
  REQUIRE(::chmod((ground.work() / ".git").c_str(), 0500) == 0);
  GuardReport report;
  sweep(ground.ground(), watch, report);
  CHECK(told(report) == Texts{"folder .claude quarantined", "folder .git/hooks quarantined"});
}

TEST_CASE("too much to be kept is removed") {
  const Ground ground;
  GuardWatch watch;
  watch.rules = {rule(".many"), rule(".large"), rule(".deep")};
  for (std::size_t i = 0; i <= kMaxQuarantinedFiles; ++i) {
    if (i == 0) fs::create_directories(ground.work() / ".many");
    REQUIRE(::mknod(std::format("{}/.many/{}", ground.work().string(), i).c_str(), S_IFREG | 0600,
                    0) == 0);
  }
  ground.make(".large", std::string(kMaxQuarantinedBytes + 1, 'x'));
  // Deeper than a path can be.
  UniqueFd here = os::open_path(ground.work().string(), O_RDONLY | O_DIRECTORY).value();
  const std::string name(200, 'd');
  for (int i = 0; i < 40; ++i) {
    const std::string step = i == 0 ? ".deep" : name;
    REQUIRE(os::make_folder(here.get(), step, 0700));
    here = os::open_at(here.get(), step, O_RDONLY | O_DIRECTORY).value();
  }
  GuardReport report;
  sweep(ground.ground(), watch, report);
  CHECK(told(report) ==
        Texts{"folder .deep removed", "file .large removed", "folder .many removed"});
  CHECK_FALSE(report.names[2].moved.size.is_whole);
  CHECK(fs::is_empty(ground.work()));
  CHECK(fs::is_empty(ground.quarantine()));
}

TEST_CASE("many names are all taken away, some of them told, and the oldest go") {
  const Ground ground;
  GuardWatch watch;
  watch.rules = {rule(".env*")};
  for (int i = 0; i < 100; ++i) ground.make(std::format(".env{:03}", i));
  GuardReport report;
  sweep(ground.ground(), watch, report);
  CHECK(report.names.size() == kMaxSweptNames);
  CHECK(report.more == 100 - kMaxSweptNames);
  CHECK(fs::is_empty(ground.work()));
  Texts kept;
  for (const auto& entry : fs::directory_iterator(ground.quarantine()))
    kept.push_back(entry.path().filename());
  CHECK(kept.size() == kMaxQuarantined);
  std::ranges::sort(kept);
  CHECK(kept.back() == "000100");
  CHECK(is_anything_quarantined(ground.session()).value());
  REQUIRE(remove_quarantine(ground.session()));
  CHECK_FALSE(fs::exists(ground.quarantine()));
  CHECK_FALSE(is_anything_quarantined(ground.session()).value());
  CHECK(remove_quarantine(ground.session()));
}

TEST_CASE("on another file system it is put aside in its folder") {
  struct stat tmp{}, shared{};
  REQUIRE(::stat("/tmp", &tmp) == 0);
  if (::stat("/dev/shm", &shared) != 0 || ::access("/dev/shm", W_OK) != 0 ||
      shared.st_dev == tmp.st_dev)
    SKIP("/dev/shm is no other file system than /tmp");
  const Ground ground("/dev/shm");
  GuardWatch watch;
  watch.rules = {rule(".vscode")};
  ground.make(".vscode/tasks.json");
  GuardReport report;
  sweep(ground.ground(), watch, report);
  CHECK(told(report) == Texts{"folder .vscode put aside"});
  CHECK_FALSE(fs::exists(ground.work() / ".vscode"));
  CHECK(fs::exists(ground.work() / report.names[0].moved.place / "tasks.json"));
}

TEST_CASE("what was hidden is only hidden, not taken away") {
  const Ground ground;
  GuardWatch watch;
  watch.rules = {{".env*", Protection::hidden, Reach::repositories, "p:1"}};
  ground.make(".env");
  GuardReport report;
  sweep(ground.ground(), watch, report);
  CHECK(report.is_quiet());
  CHECK(fs::exists(ground.work() / ".env"));
}

TEST_CASE("the end of a session is swept by what its folder tells") {
  const Ground ground;
  GuardWatch watch;
  watch.rules = {rule(".vscode"), rule(".env*")};
  ground.make(".env");
  watch.know(look_for_guarded(ground.ground(), watch.rules).value());
  ground.make(".vscode/tasks.json");
  CHECK(sweep_at_the_end(ground.ground()).is_quiet());  // nobody asked for it
  CHECK(fs::exists(ground.work() / ".vscode"));

  const std::string bytes = encode_watches({watch});
  CHECK(decode_watches(bytes).value() == std::vector<GuardWatch>{watch});
  REQUIRE(os::replace_file(ground.session(), kWatchFile, bytes, 0600));
  CHECK(told(sweep_at_the_end(ground.ground())) == Texts{"folder .vscode quarantined"});
  CHECK(fs::exists(ground.work() / ".env"));
  CHECK(os::facts_at(ground.session(), kWatchFile).error().kind() == ErrorKind::not_found);

  // What cannot be read is said, and stays to be looked at.
  for (std::size_t length = 0; length < bytes.size(); ++length)
    CHECK_FALSE(decode_watches(bytes.substr(0, length)));
  REQUIRE(os::replace_file(ground.session(), kWatchFile, "nonsense", 0600));
  CHECK(sweep_at_the_end(ground.ground()).left.contains("cannot be read"));
  CHECK(os::facts_at(ground.session(), kWatchFile));
}

}  // namespace glovebox::box
