#include "plane/fault.h"

#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "fakes.h"

namespace glovebox::plane {

TEST_CASE("fault rules that are refused", "[plane]") {
  for (const char* rule : {"1",
                           "{}",
                           R"({"route":1})",
                           R"({"route":"x","unknown":1})",
                           R"({"route":"x","count":-1})",
                           R"({"route":"x","status":99})",
                           R"({"route":"x","status":600})",
                           R"({"route":"x","status":"500"})",
                           R"({"route":"x","delay_ms":600001})",
                           R"({"route":"x","cut":"tail"})",
                           R"({"route":"x","stall":1})",
                           R"({"route":"x","headers":{"a b":"c"}})",
                           R"({"route":"x","headers":{"a":"b\nc"}})",
                           R"({"route":"x","retry_after":-1})",
                           R"({"route":"x","retry_after_date":-1})",
                           R"({"route":"x","cut":-1})",
                           R"({"route":"x","body":{}})",
                           R"({"route":"x","credential":"mine"})",
                           R"({"route":"x","trickle_ms":-1})",
                           R"({"route":"x","oversized":67108865})",
                           R"({"route":"x","insert":1})",
                           R"({"route":"x","events":[]})",
                           R"({"route":"x","events":{"drop":1}})",
                           R"({"route":"x","events":{"omit":"a"}})",
                           R"({"route":"x","events":{"omit":[1]}})",
                           R"({"route":"x","events":{"repeat":0}})",
                           R"({"route":"x","events":{"add":{}}})"}) {
    INFO(rule);
    Faults faults;
    CHECK(faults.add(json(rule)).error().status == 400);
    INFO("none of a list is added when one is bad");
    CHECK_FALSE(faults.add(json(R"([{"route":"good"},)" + std::string(rule) + "]")));
    CHECK_FALSE(faults.strike("good", {}));
  }
}

TEST_CASE("a rule hits the requests that it names", "[plane]") {
  struct Row {
    const char* name;
    const char* rule;
    std::vector<bool> hits;  // of consecutive work.poll
  };
  for (const Row& row : {
           Row{"once", R"({"route":"work.poll"})", {true, false, false}},
           Row{"twice", R"({"route":"work.poll","count":2})", {true, true, false}},
           Row{"always", R"({"route":"work.poll","count":0})", {true, true, true}},
           Row{"the second", R"({"route":"work.poll","skip":1})", {false, true, false}},
           Row{"by its start", R"({"route":"work.*"})", {true, false, false}},
           Row{"everything", R"({"route":"*","count":0})", {true, true, true}},
           Row{"another route", R"({"route":"work.poller"})", {false, false, false}},
           Row{"another start", R"({"route":"works.*"})", {false, false, false}},
       }) {
    INFO(row.name);
    Faults faults;
    REQUIRE(faults.add(json(row.rule)));
    for (const bool hit : row.hits) CHECK(faults.strike("work.poll", {}).has_value() == hit);
  }
}

TEST_CASE("a rule hits the credentials that it names", "[plane]") {
  using enum CredentialKind;
  struct Row {
    const char* credential;
    bool api, environment, token, unknown;
  };
  for (const Row& row : {Row{"", true, true, true, true},
                         Row{R"("credential":"api_key",)", true, false, false, false},
                         Row{R"("credential":"environment_key",)", false, true, false, false},
                         Row{R"("credential":"sessions_token",)", false, false, true, false},
                         Row{R"("credential":"worker",)", false, true, true, false}}) {
    INFO(row.credential);
    Faults faults;
    REQUIRE(faults.add(json(std::string("{") + row.credential + R"("route":"x","count":0})")));
    CHECK(faults.strike("x", api_key).has_value() == row.api);
    CHECK(faults.strike("x", environment_key).has_value() == row.environment);
    CHECK(faults.strike("x", sessions_token).has_value() == row.token);
    CHECK(faults.strike("x", std::nullopt).has_value() == row.unknown);
  }
}

TEST_CASE("rules stand in line", "[plane]") {
  Faults faults;
  REQUIRE(faults.add(json(R"([{"route":"x","status":500},{"route":"x","status":429}])")));
  CHECK(faults.strike("x", {})->status == 500);
  CHECK(faults.strike("x", {})->status == 429);
  CHECK_FALSE(faults.strike("x", {}));
  CHECK((*faults.report().as_array())[1].get_int("hits") == 1);
}

TEST_CASE("short forms become headers", "[plane]") {
  Faults faults;
  REQUIRE(faults.add(json(R"({"route":"x","should_retry":false,"retry_after":7,)"
                          R"("retry_after_ms":9,"headers":{"x-a":"b"}})")));
  CHECK(faults.strike("x", {})->headers == std::vector<Header>{{"x-should-retry", "false"},
                                                               {"retry-after", "7"},
                                                               {"retry-after-ms", "9"},
                                                               {"x-a", "b"}});
}

TEST_CASE("a cut is a word or a number of bytes", "[plane]") {
  struct Row {
    const char* rule;
    Cut cut;
    std::size_t after;
  };
  for (const Row& row : {Row{R"({"route":"x","cut":"before"})", Cut::before, 0},
                         Row{R"({"route":"x","cut":"head"})", Cut::head, 0},
                         Row{R"({"route":"x","cut":"body"})", Cut::body, 0},
                         Row{R"({"route":"x","cut":0})", Cut::after, 0},
                         Row{R"({"route":"x","cut":17})", Cut::after, 17}}) {
    INFO(row.rule);
    Faults faults;
    REQUIRE(faults.add(json(row.rule)));
    const Fault fault = *faults.strike("x", {});
    CHECK(fault.cut == row.cut);
    CHECK(fault.cut_after == row.after);
  }
}

}  // namespace glovebox::plane
