// Pages of lists.
//
// Every element of a list has a number that only grows, so a page token names a number and not an
// offset: elements that appear or vanish between two pages neither repeat nor hide others. A token
// is opaque to clients and bound to its list and order; one of another list is 400.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json.h"
#include "codec/url.h"
#include "plane/message.h"

namespace glovebox::plane {

constexpr std::int64_t kMaxPageLimit = 1000;

enum class Order { ascending, descending };

// Both at least 1. `most` cuts what a client asks for, so that short lists can be read in many
// pages.
struct PageSizes {
  std::size_t usual = 100;
  std::size_t most = kMaxPageLimit;
};

struct PageRequest {
  std::string list;  // names the list in tokens: `events/sesn_1`
  Order order = Order::ascending;
  std::size_t limit = 1;
  std::optional<std::uint64_t> after;   // elements beyond this number in the order
  std::optional<std::uint64_t> before;  // the last ones in front of this number (prev_page)
};

// Reads `limit`, `page` and `order`. Errors: 400.
Answer<PageRequest> read_page_request(const codec::Query& query, std::string list,
                                      Order default_order, const PageSizes& sizes);

struct PageCut {
  std::vector<std::size_t> chosen;  // indexes into `numbers`, in the asked order
  std::optional<std::string> next;
  std::optional<std::string> previous;
};

// `numbers` ascending: those of the elements that pass the list's filters.
PageCut cut_page(const std::vector<std::uint64_t>& numbers, const PageRequest& request);

enum class PageForm { forward, both_ways };  // both_ways adds prev_page

codec::Json page_json(codec::JsonArray data, const PageCut& cut, PageForm form);

}  // namespace glovebox::plane
