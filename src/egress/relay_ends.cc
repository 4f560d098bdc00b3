#include "egress/relay_ends.h"

#include <format>
#include <utility>

namespace glovebox::egress {

void RelayEnd::take(std::size_t count) {
  if (count == pending.size())
    pending = std::string();
  else
    pending.erase(0, count);
}

void RelayEnd::close() {
  stream.reset();
  pending = std::string();
}

RelayEnds::RelayEnds(net::Loop& on, net::StreamPtr from, const HttpRelayLimits& with)
    : loop(on), limits(with), client{std::move(from), {}}, moved(on.now()) {}

std::uint64_t RelayEnds::up_left() const {
  return limits.up.bytes() - std::min(limits.up.bytes(), up);
}

std::uint64_t RelayEnds::down_left() const {
  return limits.down.bytes() - std::min(limits.down.bytes(), down);
}

// Waits without reading, so that the wait can be made longer: a read that ran out of time would
// have ended its direction.
net::Task<Result<bool>> RelayEnds::receive(RelayEnd& from, Duration silence,
                                           net::Patience patience) {
  for (;;) {
    const Duration due = moved + silence;
    const auto ready = co_await from.stream->readable(patience.no_later_than(due));
    if (ready) break;
    const bool silent = ready.error().kind() == ErrorKind::timeout && due == moved + silence;
    const bool over = patience.deadline && *patience.deadline <= loop.now();
    if (ready.error().kind() != ErrorKind::timeout || silent || over) co_return ready.error();
  }
  const std::string bytes =
      CO_TRY(co_await from.stream->read(patience.no_later_than(loop.now() + silence)));
  if (bytes.empty()) co_return false;
  from.pending += bytes;
  if (&from == &origin) down += bytes.size();
  moved = loop.now();
  co_return true;
}

net::Task<Result<void>> RelayEnds::send(RelayEnd& to, std::string_view bytes,
                                        net::Patience patience) {
  if (bytes.empty()) co_return Result<void>();
  CO_TRY(co_await to.stream->write(bytes, patience.no_later_than(loop.now() + limits.write)));
  if (&to == &origin) up += bytes.size();
  moved = loop.now();
  co_return Result<void>();
}

std::string to_chunk(std::string_view content) {
  return std::format("{:x}\r\n{}\r\n", content.size(), content);
}

}  // namespace glovebox::egress
