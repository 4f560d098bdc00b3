// The real boxer in a thread of its own, with a supervisor, a log and a caller played by the test.
#pragma once

#include <fcntl.h>

#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "box/session_store.h"
#include "ipc/messages.h"
#include "os/file.h"
#include "policy/builtin.h"
#include "roles/boxer.h"

namespace glovebox::roles {

class EmptyHost final : public box::HostView {
 public:
  std::optional<box::PathFacts> look(const std::string&) const override { return std::nullopt; }
};

// The boxer in a thread of its own, and the three connections that a process would have.
class BoxerFixture {
 public:
  struct Options {
    std::function<void(BoxerSettings&)> prepare;
    std::function<ActivePolicy(const BoxerSettings&)> policy;  // none: the settings' own
    const Clock* clock = nullptr;                              // outlives the fixture, as `view`
    const box::HostView* view = nullptr;                       // none: nothing is on this host
  };

  BoxerFixture() : BoxerFixture(Options{}) {}
  explicit BoxerFixture(const Options& options) {
    SystemRandom random;
    folder_ = "/tmp/glovebox-boxer-test-" + random.hex(8);
    REQUIRE(os::make_folder(AT_FDCWD, folder_, 0700));
    REQUIRE(os::make_folder(AT_FDCWD, folder_ + "/sessions", 0700));
    REQUIRE(os::make_folder(AT_FDCWD, folder_ + "/work", 0700));
    settings_.policy_file = "builtin:default";
    settings_.policy_text = std::string(*policy::builtin("default"));
    settings_.sessions = folder_ + "/sessions";
    settings_.work = folder_ + "/work";
    if (options.prepare) options.prepare(settings_);
    workspaces_.emplace(*Workspaces::open(settings_));
    sessions_ = *os::open_path(settings_.sessions, O_RDONLY | O_DIRECTORY);
    RoleStart start;
    start.supervisor = connect(supervisor);
    start.peers.emplace("worker", connect(worker));
    start.peers.emplace("auditor", connect(auditor));
    thread_ = std::thread([this, options, start = std::move(start)]() mutable {
      Boxer boxer(
          {.settings = settings_,
           .view = options.view != nullptr ? *options.view : host_,
           .workspaces = *workspaces_,
           .started = StartedAs::user,
           .sessions_fd = sessions_.get(),
           .executable = -1,
           .clock = options.clock != nullptr ? *options.clock : own_clock_,
           .keeper_filter = keeper_filter_,
           .log = log_},
          options.policy ? options.policy(settings_) : *activate_policy(settings_, policy::Day{}));
      (void)boxer.serve(std::move(start));
    });
  }
  ~BoxerFixture() {
    supervisor.close();
    thread_.join();
    const auto above = os::open_path("/tmp", O_PATH | O_DIRECTORY);
    CHECK(os::remove_tree(above->get(), folder_.substr(folder_.rfind('/') + 1)));
  }
  BoxerFixture(const BoxerFixture&) = delete;
  BoxerFixture& operator=(const BoxerFixture&) = delete;

  template <class Message>
  void say(const Message& message) {
    REQUIRE(worker.send(Message::kType, message.encode()));
  }
  template <class Message>
  Message hear(const ipc::Channel& channel) {
    auto envelope = channel.receive();
    REQUIRE(envelope);
    REQUIRE(*envelope);
    REQUIRE((*envelope)->type == Message::kType);
    return *Message::decode((*envelope)->body);
  }
  void log_takes(std::string_view kind) {
    const auto asked = hear<ipc::Append>(auditor);
    REQUIRE(asked.kind == kind);
    REQUIRE(auditor.send(ipc::Appended::kType, ipc::Appended{asked.sequence, 1, ""}.encode()));
  }
  ipc::SessionOpened open(const std::string& session) {
    say(ipc::OpenSession{session, "e", "a", "w", ""});
    log_takes("session.open");
    return hear<ipc::SessionOpened>(worker);
  }
  // The folder of a session as an earlier boxer left it.
  box::SessionStore store_of(const std::string& session) {
    return *box::SessionStore::open(sessions_.get(), session);
  }

  // As the supervisor would tell it.
  const BoxerSettings& settings() const { return settings_; }

  ipc::Channel supervisor, worker, auditor;

 private:
  static ipc::Channel connect(ipc::Channel& ours) {
    auto pair = *ipc::make_channel_pair();
    ours = std::move(pair.first);
    return std::move(pair.second);
  }

  std::string folder_;
  BoxerSettings settings_;
  std::string keeper_filter_;
  EmptyHost host_;
  std::optional<Workspaces> workspaces_;
  UniqueFd sessions_;
  SystemClock own_clock_;
  const Log log_{-1, "test", LogLevel::error};
  std::thread thread_;
};

}  // namespace glovebox::roles
