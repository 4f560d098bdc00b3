#include "codec/http_head.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace glovebox;
using namespace glovebox::codec;

TEST_CASE("no byte that ends a header or begins another gets through") {
  for (int byte = 0; byte < 256; ++byte) {
    const auto c = static_cast<char>(byte);
    const std::string inside = std::string("a") + c + "b";
    CAPTURE(byte);
    const bool control = (byte < 0x20 && byte != '\t') || byte == 0x7f;
    CHECK(check_field_value(inside).has_value() == !control);
    const bool separator =
        byte <= 0x20 || byte >= 0x7f || std::string_view("\"(),/:;<=>?@[\\]{}").contains(c);
    CHECK(check_field_name(inside).has_value() == !separator);
    CHECK(check_method(inside).has_value() == !separator);
    const bool escaped =
        byte <= 0x20 || byte >= 0x7f || std::string_view("#\\\"<>^`{|}").contains(c) || c == '%';
    CHECK(check_target("/" + inside).has_value() == !escaped);
  }
}

TEST_CASE("names, methods and values have a form and a length") {
  for (const char* bad : {"", " ", "a ", " a", "a:", "GET /", "\xc3\xbc"}) {
    CAPTURE(bad);
    CHECK(check_method(bad).error().kind() == ErrorKind::invalid);
    CHECK(check_field_name(bad).error().kind() == ErrorKind::invalid);
    CHECK_FALSE(is_token(bad));
  }
  CHECK(check_method(std::string(kMaxMethod, 'A')));
  CHECK(check_method(std::string(kMaxMethod + 1, 'A')).error().kind() == ErrorKind::limit);
  CHECK(check_field_name(std::string(kMaxFieldName, 'a')));
  CHECK(check_field_name(std::string(kMaxFieldName + 1, 'a')).error().kind() == ErrorKind::limit);
  for (const char* bad : {" a", "a ", "\ta", "a\t", " "})
    CHECK(check_field_value(bad).error().kind() == ErrorKind::invalid);
  CHECK(check_field_value(""));
  CHECK(check_field_value("a b\tc \xc3\xbc"));
  CHECK(check_field_value(std::string(kMaxFieldValue, 'a')));
  CHECK(check_field_value(std::string(kMaxFieldValue + 1, 'a')).error().kind() == ErrorKind::limit);
}

TEST_CASE("a target is an origin form with whole escapes") {
  for (const char* bad : {"", "a", "*", "http://a/", "/a b", "/a#b", "/%", "/%4", "/%4g", "/%%41"})
    CHECK(check_target(bad).error().kind() == ErrorKind::invalid);
  for (const char* good : {"/", "//", "/v1/a?b=c&d[]=%5B", "/%00", "/a/../b"})
    CHECK(check_target(good));
  CHECK(check_target("/" + std::string(kMaxTarget, 'a')).error().kind() == ErrorKind::limit);
}
