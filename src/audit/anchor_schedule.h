// When a checkpoint is sent to an anchor, and how late an anchor may be: pure, on a clock that is
// handed in. One schedule for each anchor; none waits for another, and nothing here waits at all.
//
// An anchor is due when the log has grown since it was last acknowledged and either `every` is over
// since the last attempt, or something happened after which it is wanted at once. After a failure
// it waits longer each time, and an attempt without an answer is a failure after kAnchorPatience.
//
// Records of the kind `anchor` are no growth: they would make the next one due, for ever.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "audit/record_kind.h"
#include "base/result.h"
#include "base/units.h"
#include "codec/merkle.h"

namespace glovebox::audit {

constexpr Duration kAnchorPatience = seconds(30);
constexpr Duration kFirstAnchorRetry = seconds(1);
constexpr Duration kLastAnchorRetry = seconds(60);
constexpr Duration kShortestAnchorEvery = seconds(1);

// What follows when an anchor is older than it may be.
enum class AnchorNeed { wanted, required };

struct AnchorRule {
  std::string name;
  Duration every = seconds(10);
  std::set<RecordKind> on;  // of session.close, policy.load, stop: wanted at once
  AnchorNeed need = AnchorNeed::wanted;
  Duration max_age = seconds(60);
};
// Errors: invalid, naming the key (`every`, `on`, `max_age`).
Result<void> check_rule(const AnchorRule& rule);

enum class AnchorState {
  fresh,
  late,   // older than max_age, and only wanted: say so
  drain,  // older than max_age, and required: no new sessions
};
std::string_view to_string(AnchorState state);

class AnchorSchedule {
 public:
  // `now`: of a clock that does not step. `acknowledged`: records that it is known to hold.
  AnchorSchedule(AnchorRule rule, std::uint64_t acknowledged, Duration now);

  const AnchorRule& rule() const { return rule_; }

  // The log has a record of this kind, and so many records with it; none of kind `anchor`.
  void recorded(RecordKind kind, std::uint64_t size, Duration now);
  // Whether the checkpoint over `size` records is to be sent now.
  bool due(std::uint64_t size, Duration now) const;
  // When due() is to be asked again if nothing happens before; nothing while there is nothing to
  // send.
  std::optional<Duration> next(Duration now) const;

  // An attempt began, and how it ended. An answer to an attempt that is over counts too: the anchor
  // has it.
  void sent(std::uint64_t size, Duration now);
  void acknowledged(std::uint64_t size, Duration now);
  void failed(Duration now);

  // How long there have been records that the anchor does not hold.
  Duration age(Duration now) const;
  AnchorState state(Duration now) const;
  std::uint64_t held() const { return held_; }

 private:
  Duration earliest() const;

  AnchorRule rule_;
  std::uint64_t held_;                 // acknowledged
  std::uint64_t size_ = 0;             // of the log
  std::optional<Duration> grown_;      // since then there is more than it holds
  std::optional<std::uint64_t> rush_;  // wanted at once, with so many records
  std::optional<Duration> attempt_;    // the last one,
  std::uint64_t attempted_ = 0;        // with so many records
  bool waiting_ = false;               // for its answer
  unsigned failures_ = 0;              // in a row
};

}  // namespace glovebox::audit
