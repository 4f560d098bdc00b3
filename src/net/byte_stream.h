// A connection: bytes both ways, in order. TCP, TLS over another stream, and scripted ones in
// tests.
//
// One read and one write may be under way at once, not two of the same. After an error of one
// direction that direction is dead. Destroying the stream closes it at once; nothing may be under
// way then. An idle stream holds no buffers.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/units.h"
#include "net/cancel.h"
#include "net/task.h"

namespace glovebox::net {

constexpr std::size_t kMaxRead = 16 * kKiB;

class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // The next bytes, 1 to kMaxRead; empty at the end of what the peer sends.
  // Kinds: closed (reset, or cut off inside TLS), timeout, cancelled, protocol, io.
  virtual Task<Result<std::string>> read(Patience patience) = 0;
  // All of the bytes, which stay valid until the task has ended. Kinds as read().
  virtual Task<Result<void>> write(std::string_view bytes, Patience patience) = 0;
  // Tells the peer that no more bytes come; reading goes on.
  virtual Task<Result<void>> finish(Patience patience) = 0;
  // Until there is something to read, or the end; takes nothing away.
  virtual Task<Result<void>> readable(Patience patience) = 0;
  // True if neither bytes nor the end wait to be read: an idle connection that may be used again.
  virtual bool is_quiet() = 0;
};

using StreamPtr = std::unique_ptr<ByteStream>;

}  // namespace glovebox::net
