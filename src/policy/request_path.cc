#include "policy/request_path.h"

#include <algorithm>
#include <utility>

#include "codec/hex.h"

namespace glovebox::policy {

namespace {

constexpr std::size_t kEscape = 3;  // `%2f`

bool is_control(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
}

// A segment with its escapes undone: what stands before its parameters must not climb.
bool is_dot_segment(std::string_view decoded) {
  const std::string_view name = decoded.substr(0, decoded.find(';'));
  return name == "." || name == "..";
}

// The byte that an escape at the start of `text` stands for.
std::optional<char> unescape(std::string_view text) {
  const int high = text.size() < kEscape ? -1 : codec::hex_digit(text[1]);
  const int low = text.size() < kEscape ? -1 : codec::hex_digit(text[2]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

bool is_encoded_slash(std::string_view text) {
  return text.starts_with("%2f") || text.starts_with("%2F");
}

// Every dot segment of the path as it is written is one with slashes for encoded slashes as well,
// so that only that reading is looked at.
std::optional<std::string_view> path_fault(std::string_view path) {
  constexpr std::string_view kDots = "the path has a dot segment";
  std::string segment;
  bool first = true;
  for (std::size_t i = 1; i < path.size(); ++i) {
    char c = path[i];
    bool slash = c == '/';
    if (c == '%') {
      const auto byte = unescape(path.substr(i));
      if (!byte) return "the path has a broken escape";
      if (*byte == '\\' || *byte == '.') return "the path has an encoded backslash or dot";
      if (is_control(*byte)) return "the path has an encoded control byte";
      c = *byte;
      slash = c == '/';
      i += kEscape - 1;
    }
    if (slash) {
      if (std::exchange(first, false) && segment.empty()) return "the path begins with two slashes";
      if (is_dot_segment(segment)) return kDots;
      segment.clear();
    } else {
      segment += c;
    }
  }
  if (is_dot_segment(segment)) return kDots;
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> target_fault(std::string_view target) {
  if (!std::ranges::all_of(target, [](char c) { return c > ' ' && c < '\x7f'; }) ||
      target.find_first_of("#\\") != std::string_view::npos)
    return "the request target has a blank, a control, a `#`, a backslash or is not ASCII";
  return path_fault(target.substr(0, target.find('?')));
}

std::optional<std::string> with_slashes(std::string_view path) {
  std::string out;
  bool found = false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool here = is_encoded_slash(path.substr(i));
    out += here ? '/' : path[i];
    if (here) i += kEscape - 1;
    found = found || here;
  }
  if (!found) return std::nullopt;
  return out;
}

}  // namespace glovebox::policy
