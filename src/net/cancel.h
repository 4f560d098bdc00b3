// Calling off waits: who holds a CancelSource may cancel, who holds one of its tokens notices.
//
// Cancelling wakes every wait that was given a token; it returns kind `cancelled`. Nothing runs
// inside cancel(): the woken coroutines run on the loop's next turn. One thread only.
#pragma once

#include <memory>
#include <optional>

#include "base/units.h"

namespace glovebox::net {

struct CancelState;
class Wait;

class CancelToken {
 public:
  CancelToken() = default;  // never cancelled
  bool cancelled() const;

 private:
  friend class CancelSource;
  friend class Wait;
  explicit CancelToken(std::shared_ptr<CancelState> state) : state_(std::move(state)) {}
  std::shared_ptr<CancelState> state_;
};

// Move-only. Its end does not cancel; the tokens then stay as they are.
class CancelSource {
 public:
  CancelSource();
  // Cancelled with its parent, at once if that is cancelled already. The parent is not touched.
  explicit CancelSource(const CancelToken& parent);
  CancelSource(CancelSource&&) noexcept = default;
  CancelSource& operator=(CancelSource&&) noexcept = default;
  CancelSource(const CancelSource&) = delete;
  CancelSource& operator=(const CancelSource&) = delete;
  ~CancelSource() = default;

  void cancel();  // idempotent
  bool cancelled() const;
  CancelToken token() const { return CancelToken(state_); }

 private:
  std::shared_ptr<CancelState> state_;
};

// How long a wait may last: until a point of Clock::monotonic() and while the token is not
// cancelled. The default waits for ever. A deadline covers a whole operation: pass it on as it is.
struct Patience {
  std::optional<Duration> deadline;
  CancelToken token;

  // The same, but no later than `limit`.
  Patience no_later_than(Duration limit) const;
};

}  // namespace glovebox::net
