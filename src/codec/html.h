// HTML pages that cannot hold anything but text of foreign origin: elements and classes are the
// program's own words, everything else is escaped.
//
// No element or attribute that loads, links or runs anything can be written; the page also says so
// itself (Content-Security-Policy), for readers that honour it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace glovebox::codec {

// A word of the program's source: made at compile time only.
class HtmlWord {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): only literals can be one
  consteval HtmlWord(const char* text) : text_(text) {
    for (const char c : text_)
      if (!((c >= 'a' && c <= 'z') || c == '-')) throw "a class is of a to z and -";
  }
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

enum class HtmlElement : std::uint8_t {
  h1,
  h2,
  p,
  table,
  thead,
  tbody,
  tr,
  th,
  td,
  code,
  div,
  span,
  dl,
  dt,
  dd,
};

class HtmlPage {
 public:
  // `style`: CSS, a literal of the program.
  struct Style {
    // NOLINTNEXTLINE(google-explicit-constructor): only literals can be one
    consteval Style(const char* text) : css(text) {}
    std::string_view css;
  };
  HtmlPage(std::string_view title, Style style);

  HtmlPage& open(HtmlElement element);
  HtmlPage& open(HtmlElement element, HtmlWord with_class);
  // One line of any origin: controls and characters that change how text looks become visible.
  HtmlPage& text(std::string_view text);
  // The element that was opened last.
  HtmlPage& close();
  // An element with nothing but text.
  HtmlPage& line(HtmlElement element, std::string_view text);
  HtmlPage& line(HtmlElement element, HtmlWord with_class, std::string_view text);

  // Closes what is open. Ends in LF.
  std::string finish() &&;

 private:
  std::string out_;
  std::vector<HtmlElement> open_;
};

}  // namespace glovebox::codec
