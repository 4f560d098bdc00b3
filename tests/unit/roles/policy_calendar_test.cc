#include "roles/policy_calendar.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace glovebox::roles {
namespace {

using policy::Day;
using std::chrono::days;

constexpr Day kToday = std::chrono::sys_days(std::chrono::year(2026) / 11 / 30);

// Something ends with each of these days; what is left then is the name.
policy::Policy expiring(const std::vector<Day>& ends, Day day) {
  policy::Policy policy;
  policy.file = "p.toml";
  policy.day = day;
  policy.name = "nothing";
  for (const Day end : ends) {
    if (day > end) continue;
    policy.last_day = end;
    policy.name = "until " + std::to_string((end - kToday).count());
    break;
  }
  return policy;
}

Result<PolicyCalendar> make(const std::vector<Day>& ends, Day today) {
  return PolicyCalendar::make({}, today,
                              [&](const policy::Policy&, Day day) { return expiring(ends, day); });
}

TEST_CASE("a policy that never settles is refused") {
  std::vector<Day> ends;
  for (std::size_t i = 0; i < kMaxTurns; ++i) ends.push_back(kToday + days(2 * i));
  CHECK(make(ends, kToday).error().kind() == ErrorKind::limit);
  ends.pop_back();
  CHECK(make(ends, kToday));
  const auto backwards = PolicyCalendar::make({}, kToday, [](const policy::Policy&, Day day) {
    policy::Policy policy;
    policy.last_day = day - days(1);
    return policy;
  });
  CHECK(backwards.error().kind() == ErrorKind::internal);
}

TEST_CASE("the last day still holds, the next does not, and the clock does not bring it back") {
  const std::vector<Day> ends = {kToday - days(3), kToday, kToday + days(10)};
  const auto calendar = make(ends, kToday);
  REQUIRE(calendar);
  const struct {
    int day;
    const char* name;
  } rows[] = {{-1000, "until 0"}, {-3, "until 0"}, {0, "until 0"},    {1, "until 10"},
              {10, "until 10"},   {11, "nothing"}, {99999, "nothing"}};
  for (const auto& row : rows) {
    CAPTURE(row.day);
    CHECK(calendar->on(kToday + days(row.day)).name == row.name);
  }
  CHECK(&calendar->on(kToday + days(1)) == &calendar->on(kToday + days(10)));
  CHECK(&calendar->on(kToday + days(10)) != &calendar->on(kToday + days(11)));
}

TEST_CASE("it is the same whenever it is made, so that a digest over it is") {
  const std::vector<Day> ends = {kToday - days(3), kToday + days(10)};
  const auto early = make(ends, kToday - days(30));
  const auto late = make(ends, kToday + days(30));
  REQUIRE(early->turns().size() == 3);
  REQUIRE(late->turns().size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(early->turns()[i].name == late->turns()[i].name);
}

TEST_CASE("a day ends at midnight UTC") {
  constexpr std::int64_t kDay = 86'400'000'000;
  const std::int64_t midnight = (kToday.time_since_epoch().count()) * kDay;
  CHECK(day_of({midnight - 1}) == kToday - days(1));
  CHECK(day_of({midnight}) == kToday);
  CHECK(day_of({midnight + kDay - 1}) == kToday);
  CHECK(day_of({-1}) == Day{} - days(1));
}

}  // namespace
}  // namespace glovebox::roles
