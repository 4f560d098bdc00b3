#include "ipc/wire.h"

#include <format>

namespace glovebox::ipc {

Error Reader::too_short() {
  return Error(ErrorKind::protocol, "message: cut short");
}

Result<bool> Reader::flag() {
  const auto value = TRY(number<std::uint8_t>());
  if (value > 1) return Error(ErrorKind::protocol, "message: flag that is neither 0 nor 1");
  return value == 1;
}

Result<std::int64_t> Reader::signed_number() {
  return static_cast<std::int64_t>(TRY(number<std::uint64_t>()));
}

Result<std::string> Reader::text(std::size_t limit) {
  const std::size_t size = TRY(number<std::uint32_t>());
  if (size > limit)
    return Error(ErrorKind::protocol,
                 std::format("message: field of {} bytes, at most {}", size, limit));
  if (rest_.size() < size) return too_short();
  std::string value(rest_.substr(0, size));
  rest_.remove_prefix(size);
  return value;
}

Result<std::size_t> Reader::count() {
  const std::size_t count = TRY(number<std::uint32_t>());
  if (count > kMaxList) return Error(ErrorKind::protocol, "message: list too long");
  return count;
}

Result<void> Reader::finish() const {
  if (!rest_.empty()) return Error(ErrorKind::protocol, "message: bytes after its end");
  return {};
}

}  // namespace glovebox::ipc
