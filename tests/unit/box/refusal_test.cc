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

TEST_CASE("the first of a second are told one by one and at once") {
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

TEST_CASE("the rest of a second is one record of each kind") {
  RefusalFolder folder;
  for (std::size_t i = 0; i < RefusalFolder::kMostSingle; ++i) folder.add(refusal(1, 101), kStart);
  CHECK(folder.take(kStart).size() == RefusalFolder::kMostSingle);
  for (std::int64_t i = 0; i < 1000; ++i) folder.add(refusal(1, 101, i), kStart + milliseconds(1));
  folder.add(refusal(1, 165, 2000), kStart + milliseconds(2));  // what hides in a flood
  folder.add(refusal(2, 101, 2001), kStart + milliseconds(2));
  auto late = refusal(1, 101, 2002);
  late.late = true;
  folder.add(late, kStart + milliseconds(3));
  // Not before the second is over.
  CHECK(folder.take(kStart + milliseconds(999)).empty());
  CHECK(folder.next_look() == kStart + RefusalFolder::kWindow);
  const auto told = folder.take(kStart + RefusalFolder::kWindow);
  REQUIRE(told.size() == 4);
  CHECK(told[0].times == 1000);
  CHECK(told[0].first.microseconds == 0);
  CHECK(told[0].last.microseconds == 999);
  CHECK(told[1] == refusal(1, 165, 2000));
  CHECK(told[2] == refusal(2, 101, 2001));
  CHECK((told[3].late && told[3].times == 1));
  CHECK(folder.next_look() == Duration::max());
}

TEST_CASE("what one second folded comes before the next second's") {
  RefusalFolder folder;
  for (std::size_t i = 0; i < RefusalFolder::kMostSingle + 5; ++i)
    folder.add(refusal(1, 101), kStart);
  folder.add(refusal(1, 321), kStart + RefusalFolder::kWindow);
  const auto told = folder.take(kStart + RefusalFolder::kWindow);
  REQUIRE(told.size() == RefusalFolder::kMostSingle + 2);
  CHECK(told[RefusalFolder::kMostSingle].times == 5);
  CHECK(told.back().number == 321);
}

TEST_CASE("the end of a call tells what is folded, and gives no new room") {
  RefusalFolder folder;
  for (std::size_t i = 0; i < RefusalFolder::kMostSingle + 5; ++i)
    folder.add(refusal(1, 101), kStart);
  CHECK(folder.take_all().back().times == 5);
  for (int i = 0; i < 5; ++i) folder.add(refusal(2, 101), kStart + milliseconds(1));
  CHECK(folder.take(kStart + milliseconds(1)).empty());
  CHECK(folder.take_all().size() == 1);
}

TEST_CASE("a million refusals of every kind take little room, and none is lost") {
  RefusalFolder folder;
  constexpr std::uint64_t kAll = 1'000'000;
  std::uint64_t counted = 0;
  std::size_t records = 0, most = 0;
  for (std::uint64_t i = 0; i < kAll; ++i) {
    // Ten seconds of it.
    const Duration now = kStart + microseconds(10 * i);
    folder.add(refusal(i % 7, static_cast<std::uint32_t>(i % 400)), now);
    if (i % 1000 != 0) continue;
    const auto told = folder.take(now);
    counted += times(told);
    records += told.size();
    most = std::max(most, told.size());
  }
  const auto rest = folder.take_all();
  CHECK(counted + times(rest) == kAll);
  constexpr std::size_t kOfASecond = RefusalFolder::kMostSingle + RefusalFolder::kMostKinds + 1;
  CHECK(most <= 2 * kOfASecond);
  CHECK(records + rest.size() <= 11 * kOfASecond);
  CHECK(rest.back().number == kSeveralCalls);
  CHECK(rest.back().ticket == 0);
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
