#include "plane/event_log.h"

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>

#include "fakes.h"

namespace glovebox::plane {
namespace {

struct Filled {
  FakeClock clock;
  CountingRandom random;
  EventLog log{clock, random};

  Filled() {
    for (const char* type : {"a", "b", "a", "c", "a"}) {
      log.append(codec::Json::object({{"type", type}}));
      clock.pass(seconds(1));
    }
  }
  std::string types(const std::string& query) {
    const codec::Query parsed = *codec::parse_query(query);
    const auto request = read_page_request(parsed, "l", Order::ascending, {});
    const auto filter = read_event_filter(parsed);
    if (!request || !filter) return "refused";
    std::string all;
    for (const codec::Json& event : *log.page(*request, *filter).get_array("data"))
      all += *event.get_string("type");
    return all;
  }
  std::string time(std::size_t index) const {
    return *log.all()[index].body.get_string("processed_at");
  }
};

}  // namespace

TEST_CASE("a stored event has what the plane adds, whatever it came with", "[plane]") {
  Filled filled;
  const codec::Json& stored =
      filled.log.append(json(R"({"id":"mine","type":"x","processed_at":"never","more":1})"));
  CHECK(stored.get_string("id")->starts_with("sevt_"));
  CHECK(*stored.get_string("processed_at") != "never");
  CHECK(stored.get_int("more") == 1);
}

TEST_CASE("histories are filtered", "[plane]") {
  Filled filled;
  CHECK(filled.types("") == "abaca");
  CHECK(filled.types("order=desc&limit=2") == "ac");
  CHECK(filled.types("types[]=a") == "aaa");
  CHECK(filled.types("types[]=b&types[]=c") == "bc");
  CHECK(filled.types("types[]=none").empty());
  CHECK(filled.types("created_at[gt]=" + filled.time(1)) == "aca");
  CHECK(filled.types("created_at[gte]=" + filled.time(1)) == "baca");
  CHECK(filled.types("created_at[lt]=" + filled.time(1)) == "a");
  CHECK(filled.types("created_at[lte]=" + filled.time(1)) == "ab");
  CHECK(filled.types("created_at[gt]=yesterday") == "refused");
}

TEST_CASE("every page size reads the same filtered history", "[plane]") {
  Filled filled;
  for (std::size_t limit = 1; limit <= 4; ++limit) {
    std::set<std::string> ids;
    codec::Query query{{"types[]", "a"}, {"limit", std::to_string(limit)}};
    std::size_t pages = 0;
    for (; pages < 10; ++pages) {
      const codec::Json page = filled.log.page(*read_page_request(query, "l", Order::ascending, {}),
                                               *read_event_filter(query));
      for (const codec::Json& event : *page.get_array("data")) ids.insert(*event.get_string("id"));
      const std::string* next = page.get_string("next_page");
      if (next == nullptr) break;
      query = {{"types[]", "a"}, {"limit", std::to_string(limit)}, {"page", *next}};
    }
    CHECK(ids.size() == 3);
    CHECK(pages + 1 == (3 + limit - 1) / limit);
  }
}

}  // namespace glovebox::plane
