#include "codec/host_name.h"

#include <algorithm>
#include <format>

#include "codec/hex.h"

namespace glovebox::codec {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return c >= 'a' && c <= 'z';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// What an address parser would read as a number (WHATWG URL, "ends in a number").
bool is_number(std::string_view label) {
  if (std::ranges::all_of(label, is_digit)) return true;
  return label.starts_with("0x") &&
         std::ranges::all_of(label.substr(2), [](char c) { return hex_digit(c) >= 0; });
}

Result<void> check_label(std::string_view label) {
  if (label.empty()) return Error(ErrorKind::invalid, "host name with an empty label");
  if (label.size() > kMaxHostLabel)
    return Error(ErrorKind::limit,
                 std::format("host name label longer than {} bytes", kMaxHostLabel));
  if (!std::ranges::all_of(label, [](char c) { return is_letter(c) || is_digit(c) || c == '-'; }))
    return Error(ErrorKind::invalid,
                 "host name with a character that is no letter, digit or hyphen");
  if (label.starts_with('-') || label.ends_with('-'))
    return Error(ErrorKind::invalid, "host name label with a hyphen at its end");
  return {};
}

}  // namespace

Result<HostName> HostName::parse(std::string_view text) {
  if (text.empty()) return Error(ErrorKind::invalid, "empty host name");
  if (text.size() > kMaxHostName)
    return Error(ErrorKind::limit, std::format("host name longer than {} bytes", kMaxHostName));
  if (text.ends_with('.')) return Error(ErrorKind::invalid, "host name with a trailing dot");
  std::string name(text);
  std::ranges::transform(name, name.begin(), lower);
  std::string_view rest = name;
  for (;;) {
    const std::size_t dot = rest.find('.');
    const std::string_view label = rest.substr(0, dot);
    TRY(check_label(label));
    if (dot == std::string_view::npos) {
      if (is_number(label))
        return Error(ErrorKind::invalid, "host name whose last label is a number");
      return HostName(std::move(name));
    }
    rest.remove_prefix(dot + 1);
  }
}

bool HostName::is_within(const HostName& parent) const {
  if (!text_.ends_with(parent.text_)) return false;
  const std::size_t head = text_.size() - parent.text_.size();
  return head == 0 || text_[head - 1] == '.';
}

bool HostName::is_localhost() const {
  return text_ == "localhost" || text_.ends_with(".localhost");
}

}  // namespace glovebox::codec
