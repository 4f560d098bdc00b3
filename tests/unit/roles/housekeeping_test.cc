#include "roles/housekeeping.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "box/session_store.h"
#include "fresh_folder.h"
#include "os/file.h"
#include "os/identity.h"
#include "os/process.h"

namespace glovebox::roles {
namespace {

// The wall clock is the real one, which times of modification are taken from, until it is set.
class RoundsClock final : public Clock {
 public:
  WallTime wall() const override {
    return {real_.wall().microseconds + set_by_ / std::chrono::microseconds(1)};
  }
  void set(Duration by) { set_by_ += by; }
  Duration boot() const override { return real_.boot() + ahead_; }
  Duration monotonic() const override { return real_.monotonic() + ahead_; }
  void next_round() { ahead_ += kKeep; }

 private:
  static constexpr Duration kKeep = seconds(3600);
  SystemClock real_;
  Duration ahead_{}, set_by_{};
};

constexpr Duration kKeep = seconds(3600);

// The folders of a state, with everything ours, and a housekeeping over them.
class House {
 public:
  explicit House(Duration keep = kKeep, bool with_seed = false) : keep_(keep) {
    settings_.sessions = place_.folder("sessions");
    settings_.work = place_.folder("work");
    settings_.host.root = false;
    if (with_seed) {
      settings_.seed = place_.folder("seed");
      (void)place_.file("seed/file", "seed");
    }
    open();
  }
  void open() {
    workspaces_.emplace(*Workspaces::open(settings_));
    sessions_ = *os::open_path(settings_.sessions, O_RDONLY | O_DIRECTORY);
    house_.emplace(Housekeeping::Parts{*workspaces_, sessions_.get(), keep_, clock_, log_});
  }

  // A session that was served and is over.
  void session(const std::string& name) {
    REQUIRE(box::SessionStore::open(sessions_.get(), name));
    REQUIRE(workspaces_->prepare(name));
    (void)place_.file("work/" + name + "/file");
    house_->touch(os::open_path(place_.at("sessions/" + name), O_RDONLY | O_DIRECTORY)->get());
  }
  // It was used last so long ago.
  void age(const std::string& name, Duration by) {
    const std::int64_t then = clock_.wall().microseconds - by / std::chrono::microseconds(1);
    const timespec time{then / 1'000'000, then % 1'000'000 * 1000};
    const timespec times[] = {time, time};
    REQUIRE(::utimensat(AT_FDCWD, place_.at("sessions/" + name).c_str(), times, 0) == 0);
  }
  // The next round, and until nothing is under way any more.
  void rest(const std::set<std::string>& in_use = {}) {
    clock_.next_round();
    for (int turn = 0; turn < 10'000; ++turn) {
      house_->attend([&] { return in_use; });
      std::vector<os::Poll> polls;
      house_->add_polls(polls);
      if (polls.empty() && house_->patience() != milliseconds(0)) return;
      (void)os::poll_fds(polls, polls.empty() ? milliseconds(0) : milliseconds(1000));
    }
    FAIL("it does not come to rest");
  }
  bool is_whole(const std::string& name) const {
    return place_.has("work/" + name + "/file") && place_.has("sessions/" + name);
  }
  bool is_gone(const std::string& name) const {
    return !place_.has("work/" + name) && !place_.has("sessions/" + name);
  }

  const FreshFolder place_;
  RoundsClock clock_;
  Log log_{-1, "test", LogLevel::error};
  BoxerSettings settings_;
  Duration keep_;
  std::optional<Workspaces> workspaces_;
  UniqueFd sessions_;
  std::optional<Housekeeping> house_;
};

}  // namespace

TEST_CASE("what nobody came back to goes when its time is over") {
  House house;
  for (const char* name : {"old", "open", "young", "new"}) house.session(name);
  (void)house.place_.folder("work/not-a-session");
  house.age("old", kKeep + seconds(60));
  house.age("open", kKeep + seconds(60));
  house.age("young", kKeep - seconds(60));
  house.age("new", -seconds(60));  // the clock was set back
  house.rest({"open"});
  CHECK(house.is_gone("old"));
  CHECK(house.is_whole("young"));
  CHECK(house.is_whole("new"));
  CHECK(house.is_whole("open"));
  CHECK(house.place_.has("work/not-a-session"));
  // Its use was noted at that round.
  house.rest();
  CHECK(house.is_whole("open"));
  for (const char* folder : {"work", "sessions"})
    for (const auto& entry : std::filesystem::directory_iterator(house.place_.at(folder)))
      CHECK_FALSE(entry.path().filename().string().starts_with('.'));
}

TEST_CASE("a clock that is set forward ends no session's keeping, one that is set back neither") {
  constexpr Duration kDay = seconds(24 * 3600);
  House house;
  for (const char* name : {"young", "open"}) house.session(name);
  house.rest({"open"});
  house.clock_.set(kDay);
  house.rest({"open"});
  CHECK(house.is_whole("young"));
  CHECK(house.is_whole("open"));
  house.clock_.set(-kDay);
  house.rest({"open"});
  CHECK(house.is_whole("young"));
  // It stays where it was set to: that is believed when the time of keep has passed.
  house.clock_.set(kDay);
  house.rest({"open"});
  CHECK(house.is_whole("young"));
  house.rest({"open"});
  CHECK(house.is_gone("young"));
  CHECK(house.is_whole("open"));
}

TEST_CASE("a clock that runs a little faster is believed") {
  House house;
  house.session("old");
  house.age("old", kKeep + seconds(60));
  house.clock_.set(kKeep + kClockStep / 2);
  house.rest();
  CHECK(house.is_gone("old"));
}

TEST_CASE("for ever is for ever") {
  House house(Duration::zero());
  house.session("old");
  house.age("old", seconds(10 * 365 * 24 * 3600LL));
  CHECK(house.house_->patience() < milliseconds(0));
  house.rest();
  CHECK(house.is_whole("old"));
}

TEST_CASE("a result that nobody took keeps its session for a day") {
  House house;
  house.session("s");
  {
    const auto store = box::SessionStore::open(house.sessions_.get(), "s");
    REQUIRE(store);
    REQUIRE(store->pending().put("call", {.tool = "bash", .outcome = "finished", .content = "[]"}));
  }
  house.age("s", kKeep * 2);
  house.rest();
  CHECK(house.is_whole("s"));
  house.age("s", kKeepUnposted + seconds(60));
  house.rest();
  CHECK(house.is_gone("s"));
}

TEST_CASE("what leads out of a workspace is not followed when it goes") {
  House house;
  house.session("s");
  (void)house.place_.folder("outside");
  (void)house.place_.file("outside/precious");
  std::filesystem::create_directory_symlink(house.place_.at("outside"),
                                            house.place_.at("work/s/link"));
  (void)house.place_.folder("work/s/shut/in");
  REQUIRE(::chmod(house.place_.at("work/s/shut").c_str(), 0) == 0);
  REQUIRE(::chmod(house.place_.at("work/s").c_str(), 0) == 0);
  house.age("s", kKeep * 2);
  house.rest();
  CHECK(house.is_gone("s"));
  CHECK(house.place_.has("outside/precious"));
}

TEST_CASE("a workspace that became a link is taken away as a link") {
  House house;
  house.session("s");
  (void)house.place_.folder("outside");
  (void)house.place_.file("outside/precious");
  std::filesystem::remove_all(house.place_.at("work/s"));
  std::filesystem::create_directory_symlink(house.place_.at("outside"), house.place_.at("work/s"));
  house.age("s", kKeep * 2);
  house.rest();
  CHECK(house.is_gone("s"));
  CHECK(house.place_.has("outside/precious"));
}

TEST_CASE("what an earlier process left half done goes at the start") {
  House house(Duration::zero(), true);
  (void)house.place_.folder("work/.new-0123456789abcdef/many");
  (void)house.place_.folder("work/.gone-0123456789abcdef/deep");
  (void)house.place_.folder("sessions/.gone-0123456789abcdef/outputs");
  // What was taken away from a guest is the guest's, and may be shut.
  const std::string quarantine =
      house.place_.folder("sessions/.gone-0123456789abcdef/quarantine/000001/hooks");
  for (std::filesystem::path at = quarantine; at.filename() != ".gone-0123456789abcdef";
       at = at.parent_path()) {
    if (os::effective_uid() == 0) REQUIRE(::chown(at.c_str(), 65000, 65000) == 0);
    REQUIRE(::chmod(at.c_str(), at.filename() == "quarantine" ? 0700 : 0) == 0);
  }
  house.open();
  house.rest();
  CHECK(std::filesystem::is_empty(house.place_.at("work")));
  CHECK(std::filesystem::is_empty(house.place_.at("sessions")));
}

TEST_CASE("new workspaces get their seed, each once") {
  House house(Duration::zero(), true);
  const std::vector<std::string> names = {"a", "b", "c", "d", "e", "f", "g"};
  for (const std::string& name : names) {
    CHECK(house.house_->prepare(name) == Housekeeping::Place::comes);
    CHECK(house.house_->prepare(name) == Housekeeping::Place::comes);
  }
  house.rest();
  std::set<std::string> sown;
  for (const auto& each : house.house_->take_sown()) {
    CHECK(each.done);
    CHECK(sown.insert(each.session).second);
  }
  CHECK(sown == std::set<std::string>(names.begin(), names.end()));
  for (const std::string& name : names) {
    CHECK(house.house_->prepare(name) == Housekeeping::Place::there);
    CHECK(house.place_.has("work/" + name + "/file"));
  }
  // What a session removed stays away.
  std::filesystem::remove(house.place_.at("work/a/file"));
  CHECK(house.house_->prepare("a") == Housekeeping::Place::there);
}

TEST_CASE("a seed that fails leaves no workspace, and may succeed later") {
  House house(Duration::zero(), true);
  REQUIRE(::mkfifo(house.place_.at("seed/fifo").c_str(), 0600) == 0);
  CHECK(house.house_->prepare("s") == Housekeeping::Place::comes);
  house.rest();
  const auto sown = house.house_->take_sown();
  REQUIRE(sown.size() == 1);
  REQUIRE_FALSE(sown.front().done);
  CHECK(sown.front().done.error().message().contains("fifo: a seed holds only"));
  CHECK_FALSE(house.place_.has("work/s"));
  std::filesystem::remove(house.place_.at("seed/fifo"));
  CHECK(house.house_->prepare("s") == Housekeeping::Place::comes);
  house.rest();
  CHECK(house.place_.has("work/s/file"));
}

}  // namespace glovebox::roles
