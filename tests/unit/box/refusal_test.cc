#include "box/refusal.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "box/keeper_wire.h"

namespace glovebox::box {

namespace {

constexpr Duration kStart = seconds(5);

Refusal refusal(std::uint64_t ticket, std::uint32_t number, std::int64_t at = 0) {
  Refusal made;
  made.ticket = ticket;
  made.number = number;
  made.arguments = {ticket, number};
  made.error = 1;
  made.pid = 7;
  made.process = "sh";
  made.first = made.last = WallTime{at};
  return made;
}

std::uint64_t times(const std::vector<Refusal>& all) {
  return std::accumulate(all.begin(), all.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Refusal& one) { return sum + one.times; });
}

}  // namespace

// Uses up what is told one by one.
void fill(RefusalFolder& folder, Duration now) {
  for (std::size_t i = 0; i < RefusalFolder::kMostSingle; ++i) folder.add(refusal(1, 101), now);
}

TEST_CASE("the first are told one by one and at once") {
  RefusalFolder folder;
  CHECK(folder.take(kStart).empty());
  CHECK(folder.next_look() == Duration::max());
  for (std::size_t i = 0; i < RefusalFolder::kMostSingle; ++i) {
    CHECK(folder.wants_details(kStart));
    folder.add(refusal(1, 101, static_cast<std::int64_t>(i)), kStart);
    CHECK(folder.next_look() == Duration::zero());
    const auto told = folder.take(kStart);
    REQUIRE(told.size() == 1);
    CHECK(told[0] == refusal(1, 101, static_cast<std::int64_t>(i)));
  }
  CHECK(!folder.wants_details(kStart));
  CHECK(folder.take_all().empty());
}

TEST_CASE("the rest of a window is one record of each kind") {
  RefusalFolder folder;
  fill(folder, kStart);
  CHECK(folder.take(kStart).size() == RefusalFolder::kMostSingle);
  for (std::int64_t i = 0; i < 1000; ++i) folder.add(refusal(1, 101, i), kStart + milliseconds(1));
  folder.add(refusal(1, 165, 2000), kStart + milliseconds(2));  // what hides in a flood
  folder.add(refusal(2, 101, 2001), kStart + milliseconds(2));
  auto late = refusal(1, 101, 2002);
  late.late = true;
  folder.add(late, kStart + milliseconds(3));
  // Not before the window is over.
  const Duration over = kStart + milliseconds(1) + RefusalFolder::kWindow;
  CHECK(folder.take(over - milliseconds(1)).empty());
  CHECK(folder.next_look() == over);
  const auto told = folder.take(over);
  REQUIRE(told.size() == 4);
  CHECK(told[0].times == 1000);
  CHECK(told[0].first.microseconds == 0);
  CHECK(told[0].last.microseconds == 999);
  CHECK(told[1] == refusal(1, 165, 2000));
  CHECK(told[2] == refusal(2, 101, 2001));
  CHECK((told[3].late && told[3].times == 1));
  CHECK(folder.next_look() == Duration::max());
}

TEST_CASE("what is told singly never overtakes what is folded") {
  RefusalFolder folder;
  fill(folder, kStart);
  folder.add(refusal(1, 101), kStart);
  const Duration later = kStart + 3 * RefusalFolder::kOneMore;
  CHECK(folder.wants_details(later));
  folder.add(refusal(1, 321), later);
  const auto told = folder.take(later);
  REQUIRE(told.size() == RefusalFolder::kMostSingle + 2);
  CHECK(told.back().number == 321);
  // Now there is nothing to overtake.
  folder.add(refusal(1, 102), later);
  CHECK(folder.next_look() == Duration::zero());
}

TEST_CASE("the end of a call tells what is folded, and gives no new room") {
  RefusalFolder folder;
  fill(folder, kStart);
  for (int i = 0; i < 5; ++i) folder.add(refusal(1, 101), kStart);
  CHECK(folder.take_all().back().times == 5);
  for (int i = 0; i < 5; ++i) folder.add(refusal(2, 101), kStart + milliseconds(1));
  CHECK(folder.take(kStart + milliseconds(1)).empty());
  CHECK(folder.take_all().size() == 1);
}

TEST_CASE("after a quiet while it is as at the beginning") {
  RefusalFolder folder;
  Duration now = kStart;
  for (int round = 0; round < 2; ++round) {
    fill(folder, now);
    folder.add(refusal(1, 101), now);
    CHECK(folder.next_look() == Duration::zero());
    CHECK(folder.take(now).size() == RefusalFolder::kMostSingle);
    CHECK(folder.next_look() == now + RefusalFolder::kWindow);
    CHECK(folder.take(now + RefusalFolder::kWindow).size() == 1);
    now += static_cast<std::int64_t>(RefusalFolder::kMostSingle + 1) * RefusalFolder::kOneMore;
  }
}

// Hours of it: every kind, a thousand a second, with pauses that somebody tuned.
TEST_CASE("a flood of hours takes little room, is told in few records, and none is lost") {
  for (const Duration pause : {Duration(0), Duration(seconds(2)), Duration(seconds(60))}) {
    RefusalFolder folder;
    std::uint64_t all = 0, counted = 0;
    std::size_t records = 0, most = 0;
    Duration now = kStart;
    while (now < kStart + std::chrono::hours(6)) {
      for (std::uint32_t i = 0; i < 1000; ++i, ++all) {
        folder.add(refusal(i % 7, i % 400), now);
        now += milliseconds(1);
      }
      now += pause;
      const auto told = folder.take(now);
      counted += times(told);
      records += told.size();
      most = std::max(most, told.size());
    }
    const auto rest = folder.take_all();
    CHECK(counted + times(rest) == all);
    CHECK(most <= RefusalFolder::kMostSingle + RefusalFolder::kMostKinds + 1);
    // Some ten a minute.
    CHECK(records + rest.size() < 6 * 60 * 20);
  }
}

TEST_CASE("refused calls on their way to the boxer") {
  CallsRefused message;
  CHECK(CallsRefused::decode(message.encode()).value().refusals.empty());
  message.refusals = {refusal(1, 101, 5), refusal(2, kSeveralCalls, 6)};
  message.refusals[1].late = true;
  message.refusals[1].times = 1ULL << 40;
  message.refusals[1].arguments = {~0ULL, 1, 2, 3, 4, 5};
  const std::string bytes = message.encode();
  CHECK(CallsRefused::decode(bytes).value().refusals == message.refusals);
  for (std::size_t length = 0; length < bytes.size(); ++length)
    CHECK(!CallsRefused::decode(bytes.substr(0, length)));
  CHECK(!CallsRefused::decode(bytes + "x"));
  message.refusals.assign(CallsRefused::kMost, refusal(1, 1));
  CHECK(CallsRefused::decode(message.encode()));
  message.refusals.push_back(refusal(1, 1));
  CHECK(!CallsRefused::decode(message.encode()));
  message.refusals.assign(1, refusal(1, 1));
  message.refusals[0].process = std::string(1000, 'x');
  CHECK(!CallsRefused::decode(message.encode()));
}

}  // namespace glovebox::box
