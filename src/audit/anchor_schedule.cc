#include "audit/anchor_schedule.h"

#include <algorithm>
#include <format>
#include <utility>

namespace glovebox::audit {

namespace {

constexpr unsigned kMostDoublings = 6;

bool may_rush(RecordKind kind) {
  return kind == RecordKind::session_close || kind == RecordKind::policy_load ||
         kind == RecordKind::stop;
}

Duration retry_after(unsigned failures) {
  return std::min(kLastAnchorRetry,
                  kFirstAnchorRetry * (1 << std::min(failures - 1, kMostDoublings)));
}

}  // namespace

Result<void> check_rule(const AnchorRule& rule) {
  const auto bad = [&](std::string_view why) {
    return Error(ErrorKind::invalid, std::format("anchor `{}`: {}", rule.name, why));
  };
  if (rule.every < kShortestAnchorEvery) return bad("`every` is less than a second");
  if (rule.max_age < rule.every) return bad("`max_age` is less than `every`");
  if (!std::ranges::all_of(rule.on, may_rush))
    return bad("`on` takes session.close, policy.load and stop");
  return {};
}

std::string_view to_string(AnchorState state) {
  switch (state) {
    case AnchorState::fresh:
      return "fresh";
    case AnchorState::late:
      return "late";
    case AnchorState::drain:
      return "drain";
  }
  return {};
}

AnchorSchedule::AnchorSchedule(AnchorRule rule, std::uint64_t acknowledged, Duration now)
    : rule_(std::move(rule)), held_(acknowledged) {
  // Records of an earlier run may be older than that; nobody here knows how much.
  grown_ = now;
}

void AnchorSchedule::recorded(RecordKind kind, std::uint64_t size, Duration now) {
  size_ = std::max(size_, size);
  if (size_ > held_ && !grown_) grown_ = now;
  if (rule_.on.contains(kind)) rush_ = size;
}

// Of the next attempt.
Duration AnchorSchedule::earliest() const {
  if (!attempt_) return Duration::zero();
  if (waiting_) return *attempt_ + kAnchorPatience;
  if (failures_ > 0) return *attempt_ + retry_after(failures_);
  return rush_ ? *attempt_ : *attempt_ + rule_.every;
}

bool AnchorSchedule::due(std::uint64_t size, Duration now) const {
  return size > held_ && size_ > held_ && now >= earliest();
}

std::optional<Duration> AnchorSchedule::next(Duration now) const {
  if (size_ <= held_) return std::nullopt;
  return std::max(now, earliest());
}

void AnchorSchedule::sent(std::uint64_t size, Duration now) {
  // The attempt before had no answer in its time.
  if (waiting_) ++failures_;
  attempt_ = now;
  attempted_ = size;
  waiting_ = true;
}

void AnchorSchedule::acknowledged(std::uint64_t size, Duration now) {
  if (waiting_ && size >= attempted_) {
    waiting_ = false;
    failures_ = 0;
  }
  if (size <= held_) return;
  held_ = size;
  if (rush_ && *rush_ <= held_) rush_.reset();
  if (size_ <= held_)
    grown_.reset();
  else if (attempt_ && size >= attempted_)
    grown_ = std::min(now, *attempt_);  // what it does not hold is not older than that
}

void AnchorSchedule::failed(Duration now) {
  if (!waiting_) return;
  waiting_ = false;
  ++failures_;
  attempt_ = now;
}

Duration AnchorSchedule::age(Duration now) const {
  if (size_ <= held_ || !grown_) return Duration::zero();
  return std::max(Duration::zero(), now - *grown_);
}

AnchorState AnchorSchedule::state(Duration now) const {
  if (age(now) <= rule_.max_age) return AnchorState::fresh;
  return rule_.need == AnchorNeed::required ? AnchorState::drain : AnchorState::late;
}

}  // namespace glovebox::audit
