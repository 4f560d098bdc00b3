#include "plane/page.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace glovebox::plane {
namespace {

Answer<PageRequest> read(const std::string& query, std::string list = "l",
                         Order order = Order::ascending) {
  return read_page_request(*codec::parse_query(query), std::move(list), order, PageSizes{});
}

// All pages of `numbers`, following next_page, as the numbers in the order they came.
std::vector<std::uint64_t> walk(const std::vector<std::uint64_t>& numbers, std::size_t limit,
                                Order order, std::size_t* pages) {
  std::vector<std::uint64_t> seen;
  std::string query = "limit=" + std::to_string(limit);
  for (*pages = 1; *pages < 100; ++*pages) {
    const PageCut cut = cut_page(numbers, *read(query, "l", order));
    for (const std::size_t index : cut.chosen) seen.push_back(numbers[index]);
    if (!cut.next) break;
    query = "limit=" + std::to_string(limit) + "&page=" + *cut.next;
  }
  return seen;
}

}  // namespace

TEST_CASE("page requests that are refused", "[plane]") {
  const PageCut cut = cut_page({1, 2}, *read("limit=1"));
  for (const std::string& query :
       {std::string("limit=0"), std::string("limit=-1"), std::string("limit=1001"),
        std::string("limit=x"), std::string("limit="), std::string("order=up"),
        std::string("page="), std::string("page=x"), std::string("page=!"),
        "order=desc&page=" + *cut.next, "page=" + *cut.next + "A"}) {
    INFO(query);
    CHECK(read(query).error().status == 400);
  }
  INFO("a token of another list");
  CHECK_FALSE(read("page=" + *cut.next, "other"));
}

TEST_CASE("every page size walks the whole list once", "[plane]") {
  const std::vector<std::uint64_t> numbers{1, 2, 3, 5, 8, 13, 21};
  for (const Order order : {Order::ascending, Order::descending}) {
    std::vector<std::uint64_t> wanted = numbers;
    if (order == Order::descending) wanted.assign(numbers.rbegin(), numbers.rend());
    for (std::size_t limit = 1; limit <= numbers.size() + 1; ++limit) {
      INFO(limit);
      std::size_t pages = 0;
      CHECK(walk(numbers, limit, order, &pages) == wanted);
      CHECK(pages == (numbers.size() + limit - 1) / limit);
    }
  }
}

TEST_CASE("an empty list is one empty page", "[plane]") {
  const PageCut cut = cut_page({}, *read(""));
  CHECK(cut.chosen.empty());
  CHECK_FALSE(cut.next);
  CHECK_FALSE(cut.previous);
}

TEST_CASE("a token survives changes of the list", "[plane]") {
  const PageCut first = cut_page({1, 2, 3, 4}, *read("limit=2"));
  const PageRequest second = *read("limit=2&page=" + *first.next);
  CHECK(cut_page({1, 3, 4, 5}, second).chosen == std::vector<std::size_t>{1, 2});
  INFO("its own element is gone");
  CHECK(cut_page({1, 4, 5}, second).chosen == std::vector<std::size_t>{1, 2});
}

TEST_CASE("previous pages lead back", "[plane]") {
  const std::vector<std::uint64_t> numbers{1, 2, 3, 4, 5};
  const PageCut first = cut_page(numbers, *read("limit=2"));
  CHECK_FALSE(first.previous);
  const PageCut second = cut_page(numbers, *read("limit=2&page=" + *first.next));
  REQUIRE(second.previous);
  const PageCut back = cut_page(numbers, *read("limit=2&page=" + *second.previous));
  CHECK(back.chosen == first.chosen);
  CHECK(back.next == first.next);
}

TEST_CASE("the server's largest page cuts what is asked", "[plane]") {
  const auto request = read_page_request({{"limit", "1000"}}, "l", Order::ascending, {100, 3});
  CHECK(request->limit == 3);
  CHECK(read_page_request({}, "l", Order::ascending, {100, 3})->limit == 3);
}

}  // namespace glovebox::plane
