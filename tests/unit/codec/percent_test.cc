#include <catch2/catch_test_macros.hpp>
#include <string>

#include "codec/url.h"

using namespace glovebox;
using namespace glovebox::codec;

TEST_CASE("a broken escape is refused") {
  for (const char* text : {"%", "a%", "%4", "%4g", "%g4", "%%41", "% 41"}) {
    CHECK_FALSE(percent_decode(text));
    CHECK_FALSE(parse_query(text));
    CHECK_FALSE(parse_query(std::string("a=") + text));
  }
}

TEST_CASE("any bytes make one path segment and come back") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const std::string encoded = percent_encode_segment(all);
  CHECK(encoded.find_first_of("/?#") == std::string::npos);
  CHECK(percent_decode(encoded).value() == all);
  CHECK(percent_decode(percent_encode_query(all)).value() == all);
  CHECK(percent_encode_segment("a/b ~-._") == "a%2Fb%20~-._");
  CHECK(percent_encode_segment(".") == "%2E");
  CHECK(percent_encode_segment("..") == "%2E%2E");
  CHECK(percent_encode_segment("...") == "...");
  CHECK(percent_decode("a+b").value() == "a+b");
}

TEST_CASE("queries") {
  const struct {
    const char* text;
    Query query;
  } rows[] = {
      {"", {}},
      {"&&", {}},
      {"a", {{"a", ""}}},
      {"a=1&a=2", {{"a", "1"}, {"a", "2"}}},
      {"types%5B%5D=x+y&=z", {{"types[]", "x y"}, {"", "z"}}},
      {"a=b=c", {{"a", "b=c"}}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK(parse_query(row.text).value() == row.query);
    CHECK(parse_query(format_query(row.query)).value() == row.query);
  }
  CHECK(format_query({{"types[]", "a b"}}) == "types%5B%5D=a%20b");
  std::string many;
  for (std::size_t i = 0; i < kMaxQueryPairs; ++i) many += "a&";
  CHECK(parse_query(many).value().size() == kMaxQueryPairs);
  CHECK(parse_query(many + "a").error().kind() == ErrorKind::limit);
  const Query query{{"a", "1"}, {"a", "2"}};
  CHECK(*find_query(query, "a") == "1");
  CHECK(find_query(query, "b") == nullptr);
}

TEST_CASE("a target is cut at its first question mark") {
  CHECK(split_target("/a?b?c").path == "/a");
  CHECK(split_target("/a?b?c").query == "b?c");
  CHECK(split_target("/a").query.empty());
}
