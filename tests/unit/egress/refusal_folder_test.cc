#include "egress/refusal_folder.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "egress/net_record.h"
#include "egress/recent_rules.h"
#include "net/rate.h"

namespace glovebox::egress {
namespace {

Refused named(const std::string& name) {
  Refused refused;
  refused.asked = name;
  refused.mode = "dns";
  refused.why = "no rule";
  return refused;
}

TEST_CASE("the first refusal of a kind is told at once, its repetitions together") {
  RefusalFolder folder;
  const auto first = folder.add(named("a"), {1}, milliseconds(0));
  REQUIRE(first.size() == 1);
  CHECK(first[0].times == 1);
  for (int i = 2; i < 102; ++i) CHECK(folder.add(named("a"), {i}, milliseconds(i)).empty());
  CHECK(folder.add(named("b"), {200}, milliseconds(200)).size() == 1);
  CHECK(folder.take(milliseconds(9'999)).empty());
  const auto told = folder.take(milliseconds(10'000));
  REQUIRE(told.size() == 1);
  CHECK(told[0].refused.asked == "a");
  CHECK(told[0].times == 100);
  CHECK(told[0].first.microseconds == 2);
  CHECK(told[0].last.microseconds == 101);
  // Its window is over: the next is told at once again.
  CHECK(folder.add(named("a"), {300}, milliseconds(10'001)).size() == 1);
  CHECK(folder.add(named("a"), {301}, milliseconds(10'002)).empty());
  const auto rest = folder.take_all();
  REQUIRE(rest.size() == 1);
  CHECK(rest[0].times == 1);
  CHECK(folder.take_all().empty());
}

TEST_CASE("a flood of different kinds makes few records and loses none") {
  RefusalFolder folder;
  std::uint64_t told = 0, records = 0;
  const auto count = [&](const std::vector<Refusals>& some) {
    records += some.size();
    for (const Refusals& one : some) told += one.times;
  };
  for (int i = 0; i < 100'000; ++i)
    count(folder.add(named("n" + std::to_string(i)), {i}, milliseconds(i / 100)));
  count(folder.take_all());
  CHECK(told == 100'000);
  CHECK(records == RefusalFolder::kMostKinds + 1);
}

TEST_CASE("what a record says") {
  const NetworkTags tags{"s1", "p", "d1", "t1", "bash"};
  Refused refused = named("a.test");
  refused.port = 443;
  refused.rule = "p.toml:3";
  const auto denied = deny_members(tags, {refused, 3, {5}, {9}});
  CHECK(codec::to_json(codec::Json(denied)) ==
        R"({"sid":"s1","tu":"t1","tool":"bash","pol":"d1","prof":"p","dec":"deny","host":"a.test",)"
        R"("port":443,"l7":"dns","rule":"p.toml:3","why":"no rule","n":3,"t1":5,"t2":9})");
  Opened opened;
  opened.host = "a.test";
  opened.address = "192.0.2.1";
  opened.port = 443;
  opened.mode = "sni";
  opened.rule = "p.toml:4";
  opened.up = 7;
  opened.down = 9;
  opened.lasted = milliseconds(12);
  const NetworkTags shared{"s1", "p", "d1", "", ""};
  CHECK(codec::to_json(codec::Json(open_members(shared, opened))) ==
        R"({"sid":"s1","pol":"d1","prof":"p","dec":"allow","host":"a.test","addr":"192.0.2.1",)"
        R"("port":443,"l7":"sni","rule":"p.toml:4","up":7,"down":9,"ms":12})");
  opened.address.clear();
  opened.via = "proxy.example:3128";
  CHECK(codec::to_json(codec::Json(open_members(shared, opened)))
            .contains(R"("host":"a.test","via":"proxy.example:3128","port":443,)"));
  opened.at = Opened::At::beginning;
  CHECK_FALSE(open_members(shared, opened).contains("up"));
}

TEST_CASE("a rate lets a burst through, then so many a second") {
  net::Rate rate(10, 3);
  const Duration start = seconds(100);
  for (int i = 0; i < 3; ++i) CHECK(rate.take(start));
  CHECK_FALSE(rate.take(start));
  CHECK_FALSE(rate.take(start + milliseconds(50)));
  CHECK(rate.take(start + milliseconds(110)));
  CHECK_FALSE(rate.take(start + milliseconds(111)));
  // A clock that stands still gives nothing, a long rest no more than a burst.
  for (int i = 0; i < 3; ++i) CHECK(rate.take(start + seconds(1000)));
  CHECK_FALSE(rate.take(start + seconds(1000)));
}

TEST_CASE("both sides forget the same rules") {
  RecentRules rules;
  for (std::size_t i = 0; i < RecentRules::kKept; ++i) {
    CHECK_FALSE(rules.note("r" + std::to_string(i)));
    CHECK_FALSE(rules.forget_oldest());
  }
  CHECK(rules.note("r0"));
  CHECK_FALSE(rules.note("new"));
  CHECK(rules.forget_oldest() == "r1");
  CHECK_FALSE(rules.forget_oldest());
  CHECK(rules.note("r0"));
  CHECK_FALSE(rules.note("r1"));
}

}  // namespace
}  // namespace glovebox::egress
