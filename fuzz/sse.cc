// Event streams: the same events whole, byte by byte and split in the middle, within the limit.
#include "codec/sse.h"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

using namespace glovebox;
using namespace glovebox::codec;

namespace {

constexpr ByteLimit kLimit{64};

struct Seen {
  std::vector<SseEvent> events;
  bool dead = false;
  bool operator==(const Seen&) const = default;
};

Seen parse(std::string_view bytes, std::size_t step) {
  SseParser parser(kLimit);
  Seen seen;
  while (!bytes.empty() && !seen.dead) {
    const std::string_view piece = bytes.substr(0, step);
    seen.dead = !parser.push(piece);
    bytes.remove_prefix(piece.size());
  }
  while (auto event = parser.next()) seen.events.push_back(*std::move(event));
  return seen;
}

}  // namespace

bool fuzz_accepts(std::string_view bytes) {
  const Seen seen = parse(bytes, bytes.size());
  return !seen.dead && !seen.events.empty();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Seen whole = parse(bytes, size);
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, size / 2 + 1})
    if (parse(bytes, step) != whole) __builtin_trap();
  for (const SseEvent& event : whole.events)
    if (event.data.size() > 3 * kLimit.bytes()) __builtin_trap();
  return 0;
}
