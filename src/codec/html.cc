#include "codec/html.h"

#include <array>
#include <cstddef>
#include <format>
#include <utility>

#include "codec/utf8.h"

namespace glovebox::codec {

namespace {

constexpr std::array<std::string_view, 15> kElements = {
    "h1", "h2",   "p",   "table", "thead", "tbody", "tr", "th",
    "td", "code", "div", "span",  "dl",    "dt",    "dd",
};
static_assert(kElements.size() == static_cast<std::size_t>(HtmlElement::dd) + 1);

std::string_view name_of(HtmlElement element) {
  return kElements.at(static_cast<std::size_t>(element));
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : visible_text(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

HtmlPage::HtmlPage(std::string_view title, Style style)
    : out_(std::format("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                       "<meta http-equiv=\"Content-Security-Policy\" "
                       "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
                       "<title>{}</title>\n<style>{}</style></head>\n<body>\n",
                       escaped(title), style.css)) {}

HtmlPage& HtmlPage::open(HtmlElement element) {
  out_ += std::format("<{}>", name_of(element));
  open_.push_back(element);
  return *this;
}

HtmlPage& HtmlPage::open(HtmlElement element, HtmlWord with_class) {
  out_ += std::format("<{} class=\"{}\">", name_of(element), with_class.text());
  open_.push_back(element);
  return *this;
}

HtmlPage& HtmlPage::text(std::string_view text) {
  out_ += escaped(text);
  return *this;
}

HtmlPage& HtmlPage::close() {
  if (open_.empty()) return *this;
  const HtmlElement element = open_.back();
  open_.pop_back();
  out_ += std::format("</{}>", name_of(element));
  // Cells stay on the line of their row.
  if (element != HtmlElement::td && element != HtmlElement::th && element != HtmlElement::code &&
      element != HtmlElement::span)
    out_ += '\n';
  return *this;
}

HtmlPage& HtmlPage::line(HtmlElement element, std::string_view text) {
  return open(element).text(text).close();
}

HtmlPage& HtmlPage::line(HtmlElement element, HtmlWord with_class, std::string_view text) {
  return open(element, with_class).text(text).close();
}

std::string HtmlPage::finish() && {
  while (!open_.empty()) close();
  out_ += "</body></html>\n";
  return std::move(out_);
}

}  // namespace glovebox::codec
