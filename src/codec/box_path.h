// A path as the box sees it: absolute, in normal form, nothing else can be held.
//
// Invariant: starts with `/`; components of 1–255 bytes, none `.` or `..`, no NUL, no empty one;
// at most 4096 bytes. Other bytes are free, as on Linux. All operations are lexical: they never
// look at a file system, so a symlink is not followed here and a prefix test is no proof of where
// a path leads. Opening is confined by the caller (openat2).
#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace glovebox::codec {

constexpr std::size_t kMaxPathBytes = 4096;
constexpr std::size_t kMaxPathComponent = 255;

class BoxPath {
 public:
  BoxPath() : text_("/") {}  // the root

  // Strict: `//`, a trailing slash, `.` and `..` are errors, not repaired.
  static Result<BoxPath> parse(std::string_view text);

  // What `given` means in the folder `base`: absolute or relative, `.`, `..`, `//` and trailing
  // slashes fold (never above `/`), empty is `base`. For paths that a model gives.
  static Result<BoxPath> fold(const BoxPath& base, std::string_view given);

  // `relative` in strict form (`a/b`), below this path.
  Result<BoxPath> join(std::string_view relative) const;

  const std::string& str() const { return text_; }
  bool is_root() const { return text_.size() == 1; }
  // Last component; empty for the root.
  std::string_view name() const;
  // The root is its own parent.
  BoxPath parent() const;
  // Views into this path.
  std::vector<std::string_view> components() const;

  // Equal to `base` or below it, component by component: /ab is not below /a.
  bool starts_with(const BoxPath& base) const;
  // `a/b`, or `.` when equal; nullopt when not below.
  std::optional<std::string> relative_to(const BoxPath& base) const;

  auto operator<=>(const BoxPath&) const = default;

 private:
  explicit BoxPath(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace glovebox::codec
