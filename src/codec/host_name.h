// A DNS host name in one spelling: letters, digits, hyphens (A-labels for the rest), lower case.
//
// At most 253 bytes, labels of 1–63 that neither begin nor end with a hyphen, no trailing dot. A
// name whose last label is a number (`1.2.3`, `0x7f`) is refused: some resolver would take it for
// an address. Says nothing about where the name points.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glovebox::codec {

constexpr std::size_t kMaxHostName = 253;
constexpr std::size_t kMaxHostLabel = 63;

class HostName {
 public:
  static Result<HostName> parse(std::string_view text);

  const std::string& str() const { return text_; }
  // Equal to `parent` or a name below it.
  bool is_within(const HostName& parent) const;
  // `localhost` or a name below it (RFC 6761).
  bool is_localhost() const;

  auto operator<=>(const HostName&) const = default;

 private:
  explicit HostName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace glovebox::codec
