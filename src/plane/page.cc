#include "plane/page.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <system_error>
#include <utility>

#include "base/result.h"
#include "codec/base64.h"

namespace glovebox::plane {
namespace {

constexpr std::string_view kAfter = "after";
constexpr std::string_view kBefore = "before";

std::string make_token(const PageRequest& request, std::string_view side, std::uint64_t number) {
  return codec::base64url_encode(std::format("{}\n{}\n{}\n{}", request.list,
                                             request.order == Order::ascending ? "asc" : "desc",
                                             side, number));
}

// The number if `token` is `make_token(request, side, number)`.
std::optional<std::uint64_t> read_token(std::string_view token, const PageRequest& request,
                                        std::string_view side) {
  const Result<std::string> plain = codec::base64url_decode(token);
  if (!plain) return std::nullopt;
  const std::size_t last = plain->rfind('\n');
  if (last == std::string::npos) return std::nullopt;
  std::uint64_t number = 0;
  const auto read =
      std::from_chars(plain->data() + last + 1, plain->data() + plain->size(), number);
  if (read.ec != std::errc() || make_token(request, side, number) != token) return std::nullopt;
  return number;
}

}  // namespace

Answer<PageRequest> read_page_request(const codec::Query& query, std::string list,
                                      Order default_order, const PageSizes& sizes) {
  PageRequest request{std::move(list), default_order, sizes.usual, {}, {}};
  const auto limit = TRY(number_parameter(query, "limit", 1, kMaxPageLimit));
  if (limit) request.limit = static_cast<std::size_t>(*limit);
  request.limit = std::min(request.limit, sizes.most);
  if (const std::string* order = codec::find_query(query, "order")) {
    if (*order != "asc" && *order != "desc") return invalid_request("order: must be asc or desc");
    request.order = *order == "asc" ? Order::ascending : Order::descending;
  }
  if (const std::string* token = codec::find_query(query, "page")) {
    request.after = read_token(*token, request, kAfter);
    request.before = read_token(*token, request, kBefore);
    if (!request.after && !request.before)
      return invalid_request("page: not a page token of this list and order");
  }
  return request;
}

PageCut cut_page(const std::vector<std::uint64_t>& numbers, const PageRequest& request) {
  std::vector<std::size_t> all(numbers.size());
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = request.order == Order::ascending ? i : all.size() - 1 - i;
  // How many elements lie in front of the number, and how many are not beyond it.
  const auto in_front = [&](std::uint64_t mark, bool inclusive) {
    return static_cast<std::size_t>(std::ranges::count_if(all, [&](std::size_t index) {
      const std::uint64_t number = numbers[index];
      if (number == mark) return inclusive;
      return (number < mark) == (request.order == Order::ascending);
    }));
  };
  std::size_t begin = 0;
  std::size_t end = 0;
  if (request.before) {
    end = in_front(*request.before, false);
    begin = end - std::min(end, request.limit);
  } else {
    begin = request.after ? in_front(*request.after, true) : 0;
    end = std::min(all.size(), begin + request.limit);
  }
  PageCut cut;
  cut.chosen.assign(all.begin() + static_cast<std::ptrdiff_t>(begin),
                    all.begin() + static_cast<std::ptrdiff_t>(end));
  if (begin < end) {
    if (end < all.size()) cut.next = make_token(request, kAfter, numbers[all[end - 1]]);
    if (begin > 0) cut.previous = make_token(request, kBefore, numbers[all[begin]]);
  }
  return cut;
}

codec::Json page_json(codec::JsonArray data, const PageCut& cut, PageForm form) {
  const auto token = [](const std::optional<std::string>& text) {
    return text ? codec::Json(*text) : codec::Json();
  };
  codec::Json page =
      codec::Json::object({{"data", codec::Json(std::move(data))}, {"next_page", token(cut.next)}});
  if (form == PageForm::both_ways) page.as_object()->set("prev_page", token(cut.previous));
  return page;
}

}  // namespace glovebox::plane
