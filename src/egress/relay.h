// Bytes between two sockets, both ways, inside the kernel (splice(2)); or between two streams,
// where one of them is not a socket (TLS with a proxy).
//
// A connection that nobody writes to holds no buffer: the pipe that splice needs is borrowed while
// bytes move. Ends pass through, one direction at a time, as they come; a reset on one side becomes
// one on the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "net/byte_stream.h"
#include "net/cancel.h"
#include "net/loop.h"
#include "net/task.h"
#include "os/file.h"

namespace glovebox::egress {

// Pipes that are free. Shared by all relays of a loop; outlives them.
//
// A large pipe carries more at once, but counts against what the kernel gives one user in pipes
// (pipe-user-pages-soft, 64 MiB): there are few at the same time, wherever they are, and those who
// find none get one of the usual size.
class PipePool {
 public:
  static constexpr std::size_t kMostKept = 64;
  static constexpr std::size_t kMostLarge = 32;
  static constexpr std::size_t kLarge = 256 * kKiB;  // bytes
  struct Borrowed {
    os::Pipe ends;
    std::shared_ptr<const void> large;  // a mark, with all that are
  };
  Result<Borrowed> take();
  void give_back(Borrowed pipe);  // empty

  // Large ones, borrowed or free.
  std::size_t large() const { return static_cast<std::size_t>(mark_.use_count()) - 1; }

 private:
  std::vector<Borrowed> free_;
  std::shared_ptr<const void> mark_ = std::make_shared<char>();
};

struct Carried {
  std::uint64_t up = 0, down = 0;  // from the box, to the box
};

struct RelayLimits {
  Duration idle{};                 // without a byte either way
  std::uint64_t up = 0, down = 0;  // bytes
};

// Until both ends have ended. `inside` and `outside` are connected, non-blocking stream sockets
// that stay the caller's; `carried` counts while it goes on. On an error both sockets will be reset
// when they are closed. Kinds: closed (reset by a peer), timeout (idle), limit (bytes), cancelled,
// io.
net::Task<Result<void>> relay(net::Loop& loop, PipePool& pipes, int inside, int outside,
                              Carried& carried, RelayLimits limits, net::Patience patience);
// The same over streams, which stay the caller's. After an error neither is of use: what a peer
// must see of it is the caller's to arrange (os::reset_on_close).
net::Task<Result<void>> relay(net::Loop& loop, net::ByteStream& inside, net::ByteStream& outside,
                              Carried& carried, RelayLimits limits, net::Patience patience);

}  // namespace glovebox::egress
