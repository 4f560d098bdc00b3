#include "worker/session_router.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

using namespace glovebox;
using namespace glovebox::worker;

namespace {

constexpr Duration kMaxIdle = seconds(60);

SessionRouter router(Duration max_idle = kMaxIdle) {
  return SessionRouter({"bash", "read"}, max_idle);
}
SessionEvent call(std::string id, Permission permission = Permission::allow,
                  std::string name = "bash", std::string thread = "") {
  SessionEvent event{.kind = EventKind::tool_use, .id = std::move(id), .type = "agent.tool_use"};
  event.name = std::move(name);
  event.input = "{}";
  event.permission = permission;
  event.thread = std::move(thread);
  return event;
}
int next_id = 0;
SessionEvent plain(EventKind kind) {
  return {.kind = kind, .id = "e" + std::to_string(++next_id), .type = "x"};
}
SessionEvent result(std::string id) {
  SessionEvent event = plain(EventKind::tool_result);
  event.call = std::move(id);
  return event;
}
SessionEvent verdict(std::string id, bool allow) {
  SessionEvent event = plain(EventKind::confirmation);
  event.call = std::move(id);
  event.confirmed = allow;
  return event;
}
SessionEvent thread_end(std::string thread) {
  SessionEvent event = plain(EventKind::thread_terminated);
  event.thread = std::move(thread);
  return event;
}
SessionEvent interrupt(std::string thread = "") {
  SessionEvent event = plain(EventKind::interrupt);
  event.thread = std::move(thread);
  return event;
}
SessionEvent idle(bool requires_action = false) {
  SessionEvent event = plain(EventKind::idle);
  event.requires_action = requires_action;
  return event;
}

// `run:c1 hold:c2`
std::string text(const std::vector<Action>& actions) {
  static constexpr const char* kWords[] = {"run", "hold", "deny", "drop", "leave", "cancel", "end"};
  std::string out;
  for (const Action& action : actions) {
    if (!out.empty()) out += " ";
    out += kWords[static_cast<int>(action.kind)];
    if (!action.call.id.empty()) out += ":" + action.call.id;
  }
  return out;
}

}  // namespace

TEST_CASE("what happens with a live call") {
  struct Row {
    std::string name;
    std::vector<SessionEvent> events;
    std::string actions;
  };
  const std::vector<Row> rows = {
      {"denied by the server", {call("c", Permission::deny)}, "deny:c"},
      {"denied, whatever a verdict says",
       {verdict("c", true), call("c", Permission::deny)},
       "deny:c"},
      {"allowed, but a verdict denies", {verdict("c", false), call("c")}, "deny:c"},
      {"asked", {call("c", Permission::ask)}, "hold:c"},
      {"asked and denied", {call("c", Permission::ask), verdict("c", false)}, "hold:c deny:c"},
      {"asked and allowed", {call("c", Permission::ask), verdict("c", true)}, "hold:c run:c"},
      {"the verdict came first", {verdict("c", true), call("c", Permission::ask)}, "run:c"},
      {"somebody else's verdict", {call("c", Permission::ask), verdict("d", true)}, "hold:c"},
      {"answered before it came", {result("c"), call("c")}, ""},
      {"answered while it was held",
       {call("c", Permission::ask), result("c"), verdict("c", true)},
       "hold:c"},
      {"seen twice", {call("c"), call("c")}, "run:c"},
      {"no tool of ours", {call("c", Permission::allow, "deploy")}, "leave:c"},
      {"no tool of ours, after its confirmation",
       {call("c", Permission::ask, "deploy"), verdict("c", true)},
       "hold:c leave:c"},
      {"its thread is gone",
       {thread_end("t"), call("c", Permission::allow, "bash", "t")},
       "drop:c"},
      {"its thread ends while it is held",
       {call("c", Permission::ask, "bash", "t"), thread_end("t"), verdict("c", true)},
       "hold:c drop:c"},
      {"its thread ends while it runs",
       {call("c", Permission::allow, "bash", "t"), thread_end("t")},
       "run:c"},
      {"another thread ends",
       {call("c", Permission::ask, "bash", "t"), thread_end("u"), verdict("c", true)},
       "hold:c run:c"},
      {"interrupted", {call("c"), interrupt()}, "run:c cancel:c"},
      {"its thread is interrupted",
       {call("c", Permission::allow, "bash", "t"), interrupt("t")},
       "run:c cancel:c"},
      {"another thread is interrupted",
       {call("c", Permission::allow, "bash", "t"), interrupt("u")},
       "run:c"},
      {"in the order of events",
       {call("c"), call("d", Permission::ask), call("e", Permission::allow, "read")},
       "run:c hold:d run:e"},
      {"the session ends", {call("c"), plain(EventKind::session_ended), call("d")}, "run:c end"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    SessionRouter r = router();
    std::string actions;
    for (const SessionEvent& event : row.events) {
      const std::string more = text(r.live(event, seconds(0)));
      if (!more.empty()) actions += (actions.empty() ? "" : " ") + more;
    }
    CHECK(actions == row.actions);
  }
}

TEST_CASE("what the history says about calls") {
  struct Row {
    std::string name;
    std::vector<SessionEvent> events;
    std::string actions;
  };
  const std::vector<Row> rows = {
      {"nothing", {}, ""},
      {"answered", {call("c"), result("c")}, ""},
      {"unanswered", {call("c"), call("d"), result("c")}, "run:d"},
      {"confirmed later", {call("c", Permission::ask), verdict("c", true)}, "run:c"},
      {"refused later", {call("c", Permission::ask), verdict("c", false)}, "deny:c"},
      {"not yet confirmed", {call("c", Permission::ask)}, "hold:c"},
      {"its thread ended later",
       {call("c", Permission::allow, "bash", "t"), thread_end("t")},
       "drop:c"},
      {"the session is over", {call("c"), plain(EventKind::session_ended)}, "end"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    SessionRouter r = router();
    CHECK(text(r.history(row.events, seconds(0))) == row.actions);
  }
}

TEST_CASE("a call runs once, whatever is repeated") {
  SessionRouter r = router();
  const std::vector<SessionEvent> history = {call("c"), call("d")};
  CHECK(text(r.history(history, seconds(0))) == "run:c run:d");
  CHECK(text(r.history(history, seconds(1))).empty());
  CHECK(text(r.live(call("c"), seconds(1))).empty());
  r.finished("c", PostOutcome::settled, seconds(2));
  CHECK(text(r.history(history, seconds(3))).empty());
  r.finished("d", PostOutcome::unposted, seconds(4));
  CHECK(text(r.live(call("d"), seconds(5))).empty());
  CHECK(text(r.history(history, seconds(6))) == "run:d");
  CHECK(r.running() == std::vector<std::string>{"d"});
}

TEST_CASE("a result that somebody else posted is not wanted") {
  SessionRouter r = router();
  (void)r.live(call("c"), seconds(0));
  CHECK(r.wants_result("c"));
  (void)r.live(result("c"), seconds(1));
  CHECK_FALSE(r.wants_result("c"));
  CHECK(r.running() == std::vector<std::string>{"c"});
  r.finished("c", PostOutcome::unposted, seconds(2));
  CHECK(r.running().empty());
  const std::vector<SessionEvent> history = {call("c")};
  CHECK(text(r.history(history, seconds(3))).empty());
}

TEST_CASE("events without an id are never taken for repeated") {
  SessionRouter r = router();
  SessionEvent event = idle();
  event.id.clear();
  (void)r.live(event, seconds(1));
  (void)r.live(event, seconds(5));
  CHECK(r.idle_at() == seconds(65));
}

TEST_CASE("the idle countdown") {
  SessionRouter r = router();
  SECTION("is armed by the end of a turn and disarmed by anything else") {
    (void)r.live(idle(), seconds(1));
    CHECK(r.idle_at() == seconds(61));
    (void)r.live(plain(EventKind::other), seconds(2));
    CHECK_FALSE(r.idle_at());
  }
  SECTION("waiting for results is not the end of a turn") {
    (void)r.live(idle(), seconds(1));
    (void)r.live(idle(true), seconds(2));
    CHECK_FALSE(r.idle_at());
  }
  SECTION("confirmations and ended threads leave it alone") {
    (void)r.live(idle(), seconds(1));
    (void)r.live(verdict("z", true), seconds(2));
    (void)r.live(thread_end("z"), seconds(3));
    CHECK(r.idle_at() == seconds(61));
  }
  SECTION("after a failed history read, an ended thread disarms it too") {
    (void)r.live(idle(), seconds(1));
    r.history_failed();
    (void)r.live(thread_end("z"), seconds(3));
    CHECK_FALSE(r.idle_at());
    (void)r.live(idle(), seconds(4));
    (void)r.live(thread_end("y"), seconds(5));
    CHECK(r.idle_at() == seconds(64));
  }
  SECTION("a held call blocks it; a full countdown starts when it is decided") {
    (void)r.live(call("c", Permission::ask), seconds(1));
    (void)r.live(idle(), seconds(2));
    CHECK_FALSE(r.idle_at());
    (void)r.live(verdict("c", false), seconds(30));
    CHECK(r.idle_at() == seconds(90));
  }
  SECTION("a running call blocks it") {
    (void)r.live(call("c"), seconds(1));
    (void)r.live(idle(), seconds(2));
    r.finished("c", PostOutcome::settled, seconds(40));
    CHECK(r.idle_at() == seconds(100));
  }
  SECTION("an approved call that is not ours discards it") {
    (void)r.live(call("c", Permission::ask, "deploy"), seconds(1));
    (void)r.live(idle(), seconds(2));
    (void)r.live(verdict("c", true), seconds(3));
    CHECK_FALSE(r.idle_at());
  }
  SECTION("zero switches it off") {
    SessionRouter never = router(Duration::zero());
    (void)never.live(idle(), seconds(1));
    CHECK_FALSE(never.idle_at());
  }
}

TEST_CASE("the idle countdown after a history read") {
  struct Row {
    std::string name;
    std::vector<SessionEvent> events;
    bool armed;
  };
  const std::vector<Row> rows = {
      {"nothing", {}, false},
      {"it waits for results", {idle(true)}, false},
      {"something came after the end of the turn", {idle(), plain(EventKind::other)}, false},
      {"a call is unanswered", {call("c"), idle()}, false},
      {"a call of somebody else's is unanswered",
       {call("c", Permission::allow, "deploy"), idle()},
       false},
      {"a call is held", {call("c", Permission::ask), idle()}, false},
      {"the turn ended", {call("c"), result("c"), idle()}, true},
      {"neutral events after the end of the turn",
       {idle(), verdict("z", true), thread_end("z")},
       true},
      {"a call of a dead thread",
       {call("c", Permission::allow, "bash", "t"), thread_end("t"), idle()},
       true},
      {"a denied call", {call("c", Permission::deny), idle()}, true},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    SessionRouter r = router();
    (void)r.history(row.events, seconds(5));
    CHECK(r.idle_at().has_value() == row.armed);
    if (row.armed) CHECK(r.idle_at() == seconds(65));
  }
}

TEST_CASE("a call that the history lets run is followed by the countdown") {
  SessionRouter r = router();
  (void)r.history(std::vector<SessionEvent>{call("c"), idle()}, seconds(5));
  CHECK(!r.idle_at());
  r.finished("c", PostOutcome::settled, seconds(30));
  CHECK(r.idle_at() == seconds(90));
}

TEST_CASE("when the history is to be read again") {
  const auto waiting = [](std::vector<std::string> ids) {
    SessionEvent event = idle(true);
    event.waits_for = std::move(ids);
    return event;
  };
  SECTION("what it waits for was seen") {
    SessionRouter routes = router();
    (void)routes.history(std::vector{call("c1")}, {});
    (void)routes.live(call("c2"), {});
    (void)routes.live(waiting({"c1", "c2"}), {});
    CHECK_FALSE(routes.take_wants_history());
  }
  SECTION("a live event tells of a call that never came") {
    SessionRouter routes = router();
    (void)routes.history(std::vector{plain(EventKind::other)}, {});
    (void)routes.live(waiting({"c1"}), {});
    CHECK(routes.take_wants_history());
    INFO("it says so once");
    CHECK_FALSE(routes.take_wants_history());
    CHECK(text(routes.history(std::vector{call("c1"), waiting({"c1"})}, {})) == "run:c1");
    CHECK_FALSE(routes.take_wants_history());
  }
  SECTION("the history does, as often as is of use") {
    SessionRouter routes = router();
    for (std::size_t i = 0; i < kMostMisses; ++i) {
      (void)routes.history(std::vector{waiting({"c1"})}, {});
      CHECK(routes.take_wants_history());
    }
    (void)routes.history(std::vector{waiting({"c1"})}, {});
    CHECK_FALSE(routes.take_wants_history());
    INFO("and again after it was whole once");
    (void)routes.history(std::vector{call("c1"), waiting({"c1"})}, {});
    CHECK_FALSE(routes.take_wants_history());
    (void)routes.live(waiting({"c2"}), {});
    CHECK(routes.take_wants_history());
  }
  SECTION("only the last one counts") {
    SessionRouter routes = router();
    (void)routes.history(std::vector{waiting({"c1"}), call("c2"), waiting({"c2"})}, {});
    CHECK_FALSE(routes.take_wants_history());
  }
  SECTION("a result could not be posted") {
    SessionRouter routes = router();
    (void)routes.live(call("c1"), {});
    routes.finished("c1", PostOutcome::unposted, {});
    CHECK(routes.take_wants_history());
    CHECK(text(routes.history(std::vector{call("c1")}, {})) == "run:c1");
    routes.finished("c1", PostOutcome::settled, {});
    CHECK_FALSE(routes.take_wants_history());
  }
}
