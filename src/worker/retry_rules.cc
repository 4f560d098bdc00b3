#include "worker/retry_rules.h"

#include <algorithm>
#include <string_view>

#include "codec/http_head.h"

namespace glovebox::worker {

AnswerClass classify(int status) {
  if (status >= 200 && status < 300) return AnswerClass::done;
  const bool heals = status == 408 || status == 409 || status == 429;
  return status >= 400 && status < 500 && !heals ? AnswerClass::fatal : AnswerClass::transient;
}

bool should_retry(int status, const RetryHints& hints) {
  if (classify(status) == AnswerClass::done) return false;
  if (hints.should_retry == "true") return true;
  if (hints.should_retry == "false") return false;
  return status == 408 || status == 409 || status == 429 || status >= 500;
}

Duration shortened(Duration wait, Random& random) {
  const auto quarter = static_cast<std::uint64_t>(std::max<std::int64_t>(wait.count(), 0)) / 4;
  return wait - Duration(static_cast<std::int64_t>(random.below(quarter + 1)));
}

Duration Backoff::next(Random& random) {
  Duration wait = first_;
  for (unsigned i = 0; i < tries_ && wait < cap_; ++i) wait *= 2;
  if (wait < cap_) ++tries_;
  return shortened(std::min(wait, cap_), random);
}

std::optional<Duration> asked_wait(const RetryHints& hints, WallTime now) {
  const auto view = [](const std::optional<std::string>& text) {
    return text ? std::optional<std::string_view>(*text) : std::nullopt;
  };
  const auto sent = hints.date ? codec::parse_http_date(*hints.date, now) : Result<WallTime>(now);
  const auto asked =
      codec::retry_delay(view(hints.retry_after_ms), view(hints.retry_after), sent.value_or(now));
  if (!asked) return std::nullopt;
  return std::min(*asked, kLongestServerWait);
}

Duration call_wait(const RetryHints& hints, Backoff& backoff, Random& random, WallTime now) {
  const Duration own = backoff.next(random);
  return asked_wait(hints, now).value_or(own);
}

}  // namespace glovebox::worker
