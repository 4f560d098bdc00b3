#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "box/box_fds.h"
#include "box/init_status.h"
#include "box/keeper_wire.h"
#include "box/plan_wire.h"
#include "box/session_init.h"
#include "box/session_wire.h"
#include "codec/digest.h"
#include "os/memfd.h"

namespace glovebox::box {

namespace {

BoxPlan full_plan() {
  BoxPlan plan;
  plan.tool = "bash";
  plan.profile = "shell";
  plan.rule = "default.toml:12";
  plan.rung = Rung::privileged;
  plan.layers = LayerSet::all().without(Layer::keyring);
  plan.ids = {1000, 7, 8};
  MountEntry bind;
  bind.kind = MountKind::bind;
  bind.at = "/usr";
  bind.source = "/usr";
  bind.execution = Execution::allowed;
  bind.identity = FileIdentity{3, 4};
  MountEntry scratch;
  scratch.kind = MountKind::tmpfs;
  scratch.at = "/tmp";
  scratch.access = Access::read_write;
  scratch.size = 4096;
  scratch.inodes = 9;
  scratch.mode = 01777;
  plan.mounts = {bind, scratch};
  plan.environment = {{"A", "b c"}, {"EMPTY", ""}};
  plan.host_workdir = "/srv/work";
  plan.landlock = {{"/", FileRights::list}, {"/dev/null", FileRights::device}};
  plan.landlock_abi = 6;
  plan.filter_name = "bash";
  plan.filter = std::string(16, 'x');
  plan.filter_digest = codec::sha256(plan.filter).hex();
  plan.limits.wall = milliseconds(1500);
  plan.limits.memory = 5;
  plan.limits.memory_by = Enforced::walled;
  plan.cgroups = CgroupMode::v1;
  plan.background = Background::keep;
  plan.command = {CommandKind::program, {"ls", "-l", ""}};
  return plan;
}

}  // namespace

TEST_CASE("a plan that was cut, lengthened or changed in its form is refused") {
  const std::string bytes = encode_plan(full_plan());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    INFO(length);
    CHECK_FALSE(decode_plan(bytes.substr(0, length)));
  }
  CHECK_FALSE(decode_plan(bytes + "x"));
  struct Row {
    const char* name;
    void (*change)(BoxPlan&);
  };
  const Row rows[] = {
      {"relative mount point", [](BoxPlan& plan) { plan.mounts[0].at = "usr"; }},
      {"relative source", [](BoxPlan& plan) { plan.mounts[0].source = "usr"; }},
      {"NUL in a path", [](BoxPlan& plan) { plan.mounts[1].at = std::string("/t\0p", 4); }},
      {"mode bits", [](BoxPlan& plan) { plan.mounts[1].mode = 0100000; }},
      {"relative folder", [](BoxPlan& plan) { plan.directory = "workspace"; }},
      {"relative rule", [](BoxPlan& plan) { plan.landlock[0].path = "x"; }},
      {"half an instruction", [](BoxPlan& plan) { plan.filter.pop_back(); }},
      {"one bit of the filter", [](BoxPlan& plan) { plan.filter[3] ^= 4; }},
      {"no filter for its digest", [](BoxPlan& plan) { plan.filter.clear(); }},
      {"no digest of the filter", [](BoxPlan& plan) { plan.filter_digest.clear(); }},
      {"the digest of another", [](BoxPlan& plan) { plan.filter_digest[0] ^= 1; }},
      {"too long a time", [](BoxPlan& plan) { plan.limits.wall = milliseconds(1'000'000'000); }},
      {"negative time", [](BoxPlan& plan) { plan.limits.cpu = milliseconds(-1); }},
      {"no rung", [](BoxPlan& plan) { plan.rung = static_cast<Rung>(0); }},
      {"Landlock ABI", [](BoxPlan& plan) { plan.landlock_abi = -1; }},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    BoxPlan plan = full_plan();
    row.change(plan);
    CHECK_FALSE(decode_plan(encode_plan(plan)));
  }
}

TEST_CASE("a plan comes back as it was") {
  for (const BoxPlan& plan : {full_plan(), BoxPlan{}}) {
    const std::string bytes = encode_plan(plan);
    auto back = decode_plan(bytes);
    REQUIRE(back);
    CHECK(encode_plan(*back) == bytes);
    CHECK(back->mounts.size() == plan.mounts.size());
    CHECK(back->layers == plan.layers);
    CHECK(back->command.argv == plan.command.argv);
  }
}

TEST_CASE("keeper messages come back as they were and are refused when cut") {
  KeeperStart start;
  start.session = "s";
  start.places = {"/w", "/o"};
  start.filter = "12345678";
  start.cgroup = {CgroupMode::v1, "/m", "/p"};
  RunBox run;
  run.ticket = 9;
  run.plan = encode_plan(full_plan());
  run.input = "{}";
  StopBox stop;
  stop.ticket = 3;
  stop.reason = StopReason::shutting_down;
  BoxDone done;
  done.report = {4, {Outcome::timed_out, -3, "d"}, {1, 2, 3}, true, "[]", "1.txt"};
  done.report.guard = {
      {{".git/hooks", os::FileType::folder, "p:1", {Fate::quarantined, "000001", {5, 6, false}}},
       {".env", os::FileType::symlink, "p:2", {Fate::left, "EACCES", {}}}},
      7,
      false,
      "why"};
  const auto check = [](const auto& message) {
    const std::string bytes = message.encode();
    auto back = std::remove_cvref_t<decltype(message)>::decode(bytes);
    REQUIRE(back);
    CHECK(back->encode() == bytes);
    for (std::size_t length = 0; length < bytes.size(); ++length)
      CHECK_FALSE(std::remove_cvref_t<decltype(message)>::decode(bytes.substr(0, length)));
    CHECK_FALSE(std::remove_cvref_t<decltype(message)>::decode(bytes + "x"));
  };
  check(start);
  check(run);
  check(stop);
  check(BoxStarted{5});
  check(done);
  check(BoxAnswered{done.report});
  check(MakeBox{5, BoxStart::waiting, "plan", "guarded"});
  check(BoxMade{5});
  check(BoxRefused{5, "start: EAGAIN"});
  check(BoxGone{5, {.signalled = true, .code = 9, .cpu_us = 12, .peak_kib = 34}, 3});
  check(EndCall{5});
  check(Census{{{1, 2, 3, 4}, {5, 6, 7, 8}}});
  check(KeeperEnded{9});
  check(SessionRefused{"map ids: EPERM"});
}

TEST_CASE("the descriptors of a box are those of its plan") {
  struct Row {
    const char* name;
    CommandKind kind;
    CgroupMode groups;
    std::size_t count;
  };
  constexpr Row kRows[] = {
      {"function", CommandKind::function, CgroupMode::none, 3},
      {"program", CommandKind::program, CgroupMode::v1, 4},
      {"shell", CommandKind::shell, CgroupMode::none, 6},
      {"shell in a group", CommandKind::shell, CgroupMode::v2, 7},
  };
  for (const Row& row : kRows) {
    INFO(row.name);
    BoxPlan plan;
    plan.command.kind = row.kind;
    plan.cgroups = row.groups;
    for (std::size_t count = 0; count < 8; ++count) {
      std::vector<UniqueFd> fds;
      std::vector<int> numbers;
      for (std::size_t i = 0; i < count; ++i) {
        fds.push_back(os::make_memfd("x").value());
        numbers.push_back(fds.back().get());
      }
      const auto taken = BoxFds::take(plan, std::move(fds));
      REQUIRE(taken.has_value() == (count == row.count));
      if (taken) CHECK(taken->list(plan) == numbers);
    }
  }
}

TEST_CASE("two plans share a root only when it is the same") {
  const SessionPlaces places{"/tmp", "/"};
  const auto key = [&](const auto& change) {
    BoxPlan plan;
    plan.mounts.push_back({.kind = MountKind::bind, .at = "/usr", .source = "/usr"});
    change(plan);
    return root_key(*KnownPlan::of(plan), places).value();
  };
  const std::string one = key([](BoxPlan&) {});
  CHECK(key([](BoxPlan& plan) { plan.limits.wall = seconds(5); }) == one);
  CHECK(key([](BoxPlan& plan) { plan.filter = "12345678"; }) == one);
  CHECK(key([](BoxPlan& plan) { plan.tool = "read"; }) == one);
  CHECK(key([](BoxPlan& plan) { plan.mounts[0].access = Access::read_write; }) != one);
  CHECK(key([](BoxPlan& plan) { plan.mounts[0].identity = FileIdentity{1, 2}; }) != one);
  CHECK(key([](BoxPlan& plan) { plan.ids.outside_uid = 7; }) != one);
  CHECK(key([](BoxPlan& plan) { plan.hostname = "other"; }) != one);
  CHECK(key([](BoxPlan& plan) { plan.layers = plan.layers.without(Layer::landlock); }) != one);
  CHECK(key([](BoxPlan& plan) { plan.rung = Rung::without_user_namespaces; }) != one);
  const PlanPtr empty = KnownPlan::of(BoxPlan{});
  CHECK(root_key(*empty, {"/usr", "/"}).value() != root_key(*empty, places).value());
  CHECK_FALSE(root_key(*empty, {"/no/such/folder", "/"}));
}

TEST_CASE("what the first process of a box tells") {
  const std::string told =
      "nonsense\nexited 300\n" + started_line() + failed_line("mount /usr:\nEPERM") +
      failed_line("second") +
      "exited 256 1 1\nexited 1\nexited 1 -1 0\nexited 1 2 3 4\nexited  1 2\n" +
      "signalled 1 2 99999999999999999999\n" + ended_line({true, 9}, {12, 34}) +
      ended_line({false, 0}, {1, 1}) + "exited 1 2 3";
  const InitStatus status = read_status(told);
  CHECK(status.started);
  CHECK(status.failed == "mount /usr: EPERM");
  REQUIRE(status.ended);
  CHECK(*status.ended == InitStatus::Ended{true, 9});
  CHECK(status.use == os::OwnUse{12, 34});
  CHECK(read_status("") == InitStatus{});
  CHECK(read_status("started") == InitStatus{});  // no end of line yet
  CHECK(failed_line(std::string(100'000, 'x')).size() < kMaxStatusText);
}

TEST_CASE("the answer of a file tool is checked") {
  const std::string good = encode_answer(true, R"([{"type":"text","text":"x"}])");
  auto answer = decode_answer(good);
  REQUIRE(answer);
  CHECK(answer->is_error);
  for (std::size_t length = 0; length < good.size(); ++length)
    CHECK_FALSE(decode_answer(good.substr(0, length)));
  CHECK_FALSE(decode_answer(good + "x"));
  CHECK_FALSE(decode_answer(encode_answer(false, "{}")));
  CHECK_FALSE(decode_answer(encode_answer(false, "[1,")));
}

}  // namespace glovebox::box
