#include "support.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <format>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "box/host_view.h"
#include "codec/json.h"
#include "os/file.h"
#include "os/identity.h"
#include "os/process.h"
#include "policy/builtin.h"
#include "policy/load.h"
#include "seccomp/filter.h"

namespace glovebox::box::test {

namespace {

constexpr std::uint32_t kBoxId = 1'900'000'007;

// As root, and as the boxer's role does: a box has a host id of its own.
bool may_map_others() {
  constexpr auto kSetUid = static_cast<unsigned>(os::Capability::setuid);
  return (os::effective_capabilities().value_or(0) >> kSetUid & 1) != 0;
}

// The test program is its own keeper.
[[gnu::constructor]] void be_a_keeper(int argc, char** argv, char**) {
  if (argc == 1 && argv[0] == kKeeperName) run_keeper(UniqueFd(kKeeperFd));
}

const policy::Policy& policy_named(std::string_view name) {
  static std::vector<std::pair<std::string, policy::Policy>> loaded;
  for (const auto& [known, policy] : loaded) {
    if (known == name) return policy;
  }
  auto made = policy::load(std::string(name) + ".toml", *policy::builtin(name));
  REQUIRE(made.policy);
  return loaded.emplace_back(name, std::move(*made.policy)).second;
}

Filter filter_named(const std::string& syscalls) {
  static std::vector<Filter> made;
  const std::string name = syscalls.substr(syscalls.find(':') + 1);
  for (const Filter& filter : made) {
    if (filter.name == name) return filter;
  }
  auto compiled = seccomp::compile_builtin(name);
  REQUIRE(compiled);
  made.push_back({compiled->name, compiled->program, compiled->digest});
  return made.back();
}

}  // namespace

TestSession::TestSession(GroupPlaces group, Ahead ahead) {
  char name[] = "/tmp/box-test-XXXXXX";
  REQUIRE(::mkdtemp(name) != nullptr);
  folder_ = name;
  auto host = probe_host();
  if (!host) FAIL(host.error().message());
  host_ = *host;
  host_.cgroups = group.mode;
  auto folder = os::open_path(folder_, O_RDONLY | O_DIRECTORY);
  REQUIRE(folder);
  REQUIRE(os::make_folder(folder->get(), "work", 0700));
  REQUIRE(os::make_folder(folder->get(), "sessions", 0700));
  if (may_map_others()) REQUIRE(::chown(workspace().c_str(), kBoxId, kBoxId) == 0);
  auto opened = store();
  auto self = os::open_own_executable();
  REQUIRE(self);
  KeeperLaunch launch;
  launch.executable = self->get();
  launch.session = "s";
  launch.places = {workspace(), folder_ + "/sessions/s/outputs"};
  launch.store_fd = opened.fd();
  launch.host = host_;
  launch.cgroup = group;
  launch.ahead = ahead;
  launch.filter = filter_named("role-keeper").program;
  auto keeper = Keeper::start(launch);
  if (!keeper) FAIL(keeper.error().message());
  keeper_.emplace(std::move(*keeper));
}

TestSession::~TestSession() {
  keeper_.reset();
  auto tmp = os::open_path("/tmp", O_RDONLY | O_DIRECTORY);
  if (tmp) (void)os::remove_tree(tmp->get(), folder_.substr(5));
}

SessionStore TestSession::store() const {
  auto sessions = os::open_path(folder_ + "/sessions", O_RDONLY | O_DIRECTORY);
  REQUIRE(sessions);
  auto opened = SessionStore::open(sessions->get(), "s");
  REQUIRE(opened);
  return std::move(*opened);
}

BoxPlan TestSession::plan(const std::string& tool, std::string_view name) const {
  const policy::Decision decision = policy_named(name).decide("local", "local", tool);
  REQUIRE(decision.profile != nullptr);
  CallFacts call;
  call.tool = tool;
  call.kind = tool == "bash" ? CommandKind::shell : CommandKind::function;
  call.outputs = folder_ + "/sessions/s/outputs";
  call.host_workdir = workspace();
  call.rule = policy::to_string(decision.rule);
  call.ids.outside_uid = may_map_others() ? kBoxId : host_.uid;
  call.ids.outside_gid = may_map_others() ? kBoxId : host_.gid;
  auto plan = make_plan(*decision.profile, call, host_, KernelHostView(),
                        filter_named(decision.profile->syscalls));
  if (!plan) FAIL(plan.error().message());
  if (background_ && call.kind != CommandKind::function) plan->background = *background_;
  return std::move(*plan);
}

BoxPlan TestSession::program(std::vector<std::string> argv) const {
  BoxPlan made = plan("bash");
  made.command = {CommandKind::program, std::move(argv)};
  return made;
}

RunReport TestSession::wait(std::uint64_t ticket) {
  for (;;) {
    auto event = keeper_->receive();
    if (!event) FAIL(event.error().message());
    REQUIRE(event->has_value());
    std::ranges::copy((*event)->refusals, std::back_inserter(refusals_));
    if ((*event)->kind == KeeperEvent::Kind::done && (*event)->ticket == ticket)
      return (*event)->report;
  }
}

void TestSession::wait_for_refusals() {
  while (refusals_.empty()) {
    auto event = keeper_->receive();
    if (!event) FAIL(event.error().message());
    REQUIRE(event->has_value());
    std::ranges::copy((*event)->refusals, std::back_inserter(refusals_));
  }
}

RunReport TestSession::run(BoxPlan plan, const std::string& input) {
  RunRequest request;
  request.ticket = next_ticket();
  request.plan = KnownPlan::of(std::move(plan));
  request.input = input;
  REQUIRE(keeper_->run(request));
  return wait(request.ticket);
}

RunReport TestSession::bash(const std::string& command, int timeout_ms) {
  return bash_with(plan("bash"), command, timeout_ms);
}

RunReport TestSession::bash_with(BoxPlan plan, const std::string& command, int timeout_ms) {
  return run(std::move(plan), bash_json(command, timeout_ms));
}

RunReport TestSession::run_program(BoxPlan plan, std::string& output) {
  auto pipe = os::make_pipe();
  REQUIRE(pipe);
  auto null = os::open_path("/dev/null", O_RDWR);
  REQUIRE(null);
  RunRequest request;
  request.ticket = next_ticket();
  request.plan = KnownPlan::of(std::move(plan));
  request.stdio = {null->get(), pipe->writer.get(), pipe->writer.get()};
  REQUIRE(keeper_->run(request));
  pipe->writer.reset();
  RunReport report = wait(request.ticket);
  output = os::read_all(pipe->reader.get(), kMiB).value_or(std::string());
  return report;
}

std::string json_string(const std::string& text) {
  return codec::to_json(codec::Json(text));
}

std::string bash_json(const std::string& command, int timeout_ms) {
  return std::format("{{\"command\":{},\"timeout_ms\":{}}}", json_string(command), timeout_ms);
}

std::string text_of(const RunReport& report) {
  auto json = codec::parse_json(report.content);
  if (!json || !json->is_array() || json->as_array()->size() != 1) return report.content;
  const std::string* text = json->as_array()->front().get_string("text");
  return text == nullptr ? report.content : *text;
}

}  // namespace glovebox::box::test
