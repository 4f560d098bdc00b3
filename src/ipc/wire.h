// The bytes of a message: fixed-width little-endian numbers, and strings with a length in front.
//
// A Writer cannot fail; a Reader refuses whatever the matching Writer would not have written:
// short input, strings over their limit, and anything left over at the end.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace glovebox::ipc {

// Limits of single fields; a message names which applies.
constexpr std::size_t kMaxName = 256;        // ids, tool names
constexpr std::size_t kMaxText = 64 * kKiB;  // reasons, rules
constexpr std::size_t kMaxBlob = 64 * kMiB;  // inputs, contents, plans
constexpr std::size_t kMaxList = 100'000;

class Writer {
 public:
  template <std::unsigned_integral T>
  Writer& number(T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    bytes_.append(bytes, sizeof(T));
    return *this;
  }
  Writer& signed_number(std::int64_t value) { return number(static_cast<std::uint64_t>(value)); }
  Writer& text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    bytes_.append(value);
    return *this;
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <std::unsigned_integral T>
  Result<T> number() {
    if (rest_.size() < sizeof(T)) return too_short();
    T value;
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  // A number that names a value of an enum that ends with `last`.
  template <class E>
  Result<E> choice(E last) {
    const auto value = number<std::uint8_t>();
    if (!value) return value.error();
    if (*value > static_cast<std::uint8_t>(last))
      return Error(ErrorKind::protocol, "message: unknown choice");
    return static_cast<E>(*value);
  }
  Result<bool> flag();
  Result<std::int64_t> signed_number();
  Result<std::string> text(std::size_t limit);
  Result<std::size_t> count();
  // Every message ends with this.
  Result<void> finish() const;

 private:
  static Error too_short();
  std::string_view rest_;
};

}  // namespace glovebox::ipc
