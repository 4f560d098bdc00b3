// ClientHellos: the same verdict whole, byte by byte and split in the middle; what is read stays
// within the limit, and nothing that follows it is looked at.
#include "codec/client_hello.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

using namespace glovebox;
using namespace glovebox::codec;

namespace {

using State = ClientHelloReader::State;

void check(bool holds) {
  if (!holds) __builtin_trap();
}

struct Seen {
  State state = State::need_more;
  std::optional<HelloFault> fault;
  ClientHello hello;
  bool operator==(const Seen&) const = default;
};

Seen parse(std::string_view bytes, std::size_t step) {
  ClientHelloReader reader;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, step);
    reader.push(piece);
    bytes.remove_prefix(piece.size());
  }
  Seen seen{.state = reader.state(), .fault = {}, .hello = reader.hello()};
  if (seen.state == State::bad) seen.fault = reader.fault();
  return seen;
}

}  // namespace

bool fuzz_accepts(std::string_view bytes) {
  return parse(bytes, bytes.size()).state == State::done;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Seen whole = parse(bytes, size);
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, size / 2 + 1})
    check(parse(bytes, step) == whole);
  check(parse(std::string(bytes) + "more", size + 4) == whole || whole.state == State::need_more);
  if (size > kMaxClientHello) check(whole.state != State::need_more);
  if (whole.state == State::done) {
    check(whole.hello.version >= 0x0301 && whole.hello.version <= 0x0304);
    check(std::ranges::none_of(whole.hello.alpn, &std::string::empty));
  } else {
    check(whole.hello == ClientHello{});
  }
  return 0;
}
