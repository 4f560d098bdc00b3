#include "codec/html.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>

using namespace glovebox::codec;

TEST_CASE("text of foreign origin is text, wherever it stands") {
  const std::string hostile[] = {
      "<script>alert(1)</script>",
      "</td></table><img src=x onerror=alert(1)>",
      "\"><svg onload=alert(1)>",
      "' onmouseover='alert(1)",
      "&lt;b&gt; &#60;script&#62;",
      "</title></style><script>",
      "<!-- --><![CDATA[",
      "\x1b[2J\n\r\t",
      std::string("a\0b", 3),
      "\xe2\x80\xae"
      "desrever",
      "\xff\xfe<",
  };
  for (const std::string& value : hostile) {
    CAPTURE(value);
    const auto page = [](const std::string& text) {
      HtmlPage made(text, "p{color:#111}");
      made.line(HtmlElement::h1, text);
      made.open(HtmlElement::table).open(HtmlElement::tr, "deny").line(HtmlElement::td, text);
      return std::move(made).finish();
    };
    // The same elements, whatever the text is.
    const auto count = [](const std::string& text, char c) { return std::ranges::count(text, c); };
    const std::string plain = page("x"), made = page(value);
    CHECK(count(made, '<') == count(plain, '<'));
    CHECK(count(made, '>') == count(plain, '>'));
    CHECK(count(made, '"') == count(plain, '"'));
    CHECK(count(made, '\'') == count(plain, '\''));
    CHECK(count(made, '\n') == count(plain, '\n'));
    CHECK(std::ranges::none_of(
        made, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; }));
  }
}

TEST_CASE("elements are closed in their order, and all of them") {
  HtmlPage page("a & b", "p{}");
  page.open(HtmlElement::div).line(HtmlElement::p, "note", "x < y").close().close();
  page.open(HtmlElement::table).open(HtmlElement::tr).line(HtmlElement::td, "1");
  CHECK(std::move(page).finish() ==
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'\">\n<title>a &amp; b</title>\n<style>p{}</style></head>\n<body>\n"
        "<div><p class=\"note\">x &lt; y</p>\n</div>\n<table><tr><td>1</td></tr>\n</table>\n"
        "</body></html>\n");
}
