// Posting one result: what is sent, and when it is tried again. Pure.
//
// Transient failures are retried 1 s doubling to 30 s, or when the server says, within a window as
// long as the lease's TTL (5 min without a lease). Every fatal answer but 401, and 409 for a
// repeated post, settles the call: the control plane has an answer to it or will never take one.
// 401 says that about the credential only: another one may still bring the result.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/units.h"
#include "codec/json.h"
#include "worker/retry_rules.h"
#include "worker/session_router.h"

namespace glovebox::worker {

// `content` as the API takes it: a string becomes a text block, empty texts and empty lists become
// `(no output)`, blocks of unknown kinds a text block with their JSON.
codec::Json normal_content(const codec::Json& content);

// The body of POST …/events. `content` is the boxer's JSON array of blocks; what is not JSON is
// taken as a text.
enum class ResultKind { success, error };
std::string result_body(const ToolCall& call, std::string_view content, ResultKind kind);

class ResultPost {
 public:
  ResultPost(Duration started, Duration window)
      : started_(started), ends_(started + window), backoff_(seconds(1), seconds(30)) {}

  // The lease has another time to live by now: tries go on as long as it could still be ours.
  void set_window(Duration window) { ends_ = started_ + window; }

  enum class Step { posted, refused, retry, gave_up };
  // `status` of the answer; none when there was no answer. `asked`: the server's wish to wait.
  Step answered(std::optional<int> status, Duration asked, Random& random, Duration now);
  // After `retry`: how long to wait.
  Duration wait() const { return wait_; }

 private:
  Duration started_;
  Duration ends_;
  Backoff backoff_;
  Duration wait_{};
};

constexpr Duration kPostWindowWithoutLease = std::chrono::minutes(5);

}  // namespace glovebox::worker
