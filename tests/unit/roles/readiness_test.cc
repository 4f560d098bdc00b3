#include "roles/readiness.h"

#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <string>
#include <vector>

using namespace glovebox;
using namespace glovebox::roles;

namespace {

ReadinessFacts good() {
  ReadinessFacts facts;
  facts.now = seconds(1000);
  facts.last_poll = seconds(940);
  facts.last_box = seconds(940);
  facts.roles = {{"auditor", true, ""}, {"boxer", true, ""}};
  return facts;
}

}  // namespace

TEST_CASE("what keeps glovebox from its work is told in words") {
  const struct {
    const char* name;
    std::function<void(ReadinessFacts&)> change;
    std::vector<std::string> reasons;
  } rows[] = {
      {"no poll yet",
       [](ReadinessFacts& f) {
         f.last_poll.reset();
         f.poll_problem = "connect: ECONNREFUSED";
       },
       {"no poll was accepted yet: connect: ECONNREFUSED"}},
      {"an old poll",
       [](ReadinessFacts& f) { f.last_poll = seconds(939); },
       {"no poll was accepted in the last minute"}},
      {"no box yet",
       [](ReadinessFacts& f) {
         f.last_box.reset();
         f.box_problem = "the probe in a box: setup_failed";
       },
       {"no box can be made: the probe in a box: setup_failed"}},
      {"an old box", [](ReadinessFacts& f) { f.last_box = seconds(939); }, {"no box can be made"}},
      {"a role that does not answer",
       [](ReadinessFacts& f) { f.roles[0].answered = false; },
       {"the auditor does not answer"}},
      {"a role with a problem",
       [](ReadinessFacts& f) { f.roles[1].problem = "there is no auditor"; },
       {"boxer: there is no auditor"}},
      {"the end", [](ReadinessFacts& f) { f.stopping = true; }, {"it is shutting down"}},
      {"everything",
       [](ReadinessFacts& f) {
         f.stopping = true;
         f.last_poll.reset();
         f.last_box.reset();
         f.roles[0].answered = false;
         f.roles[1].problem = "x";
       },
       {"it is shutting down", "the auditor does not answer", "boxer: x",
        "no poll was accepted yet", "no box can be made"}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    ReadinessFacts facts = good();
    row.change(facts);
    CHECK(why_not_ready(facts) == row.reasons);
  }
}

TEST_CASE("it is ready while everything was seen in its time") {
  CHECK(why_not_ready(good()).empty());
  CHECK(why_not_alive(good().roles).empty());
  CHECK_FALSE(box_is_due(good()));
  // One whose slots are all taken does not ask for more.
  ReadinessFacts full = good();
  full.full = true;
  full.last_poll.reset();
  CHECK(why_not_ready(full).empty());
}
