// The auditor's core: decides whether a record may be written, stamps it, and tells the asker only
// when it is durable.
//
// Use: submit() for every request that is waiting, then commit() once: one flush for all of them,
// then every `done` in the order of submission, refusals too. Nobody can acknowledge a record that
// is not durable, because only commit() calls `done` with a place. tend() does the rest of the work
// behind the answers, and says when it wants to be called again.
//
// An epoch that is over is sealed before the next record, or behind the answers when there is none.
//
// Rules: every writer has its kinds (record_kind.h), and what a log must keep is kept
// (record_rules.h). On a disk that is nearly full no new call begins; what has begun is recorded to
// its end. The first failed flush is final: all later requests are refused, and the role ends with
// exit 74.
//
// Not thread-safe: the role has one loop.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/call_index.h"
#include "audit/mask.h"
#include "audit/record.h"
#include "audit/record_head.h"
#include "audit/record_rules.h"
#include "audit/record_store.h"
#include "audit/salt.h"
#include "audit/tree_log.h"
#include "base/clock.h"
#include "base/result.h"
#include "codec/json.h"

namespace glovebox::audit {

// Requests over this limit in one group are refused until the group is committed.
constexpr std::size_t kMaxGroupRecords = 4096;

struct AppendRequest {
  Writer writer;
  RecordKind kind;
  std::string session;  // raw ids; see record_id()
  std::string tool_use;
  codec::JsonObject members;
  std::optional<Salt> salt = {};  // of the commitments in `members`, when there are any
};

// Errors of an append: denied (the writer may not), exists (an intent or a denial of a call that
// has an intent), not_found (no intent), conflict (has ended already), invalid, limit, io (the log
// cannot be written).
using AppendDone = std::function<void(Result<RecordPlace>)>;

// New records are under a signed checkpoint after so long; those of a session that ended sooner,
// so that several that end together share one.
constexpr Duration kSealAfter = seconds(1);
constexpr Duration kSealClosedAfter = milliseconds(100);

class Auditor {
 public:
  // `store` and the others outlive the auditor. `rules` know what is in the store.
  Auditor(RecordStore& store, RecordRules& rules, const Masker& masker, const Clock& clock,
          Random& random, std::string boot_id);

  // Writes `boot`, before it what `recovered` says was lost or cut, seals them, and returns when
  // all is durable. `members` describes this run.
  Result<void> start(const Recovered& recovered, codec::JsonObject members);

  void submit(AppendRequest request, AppendDone done);
  // Errors: io and others from the store; final.
  Result<void> commit();
  bool has_pending() const { return !waiting_.empty(); }
  // Whether a few more requests of any size can be submitted before the next commit().
  bool has_room() const { return waiting_.size() < kMaxGroupRecords && store_.has_room(); }

  // What is done behind the answers: tiles, and a checkpoint when it is due. Returns how long
  // nothing needs to be done, if nothing is submitted. Errors: as commit(); final.
  Result<Duration> tend();

  // What the log says about a call, including what is not yet durable.
  CallState find_call(std::string_view tool_use) const;
  // Commits, then publishes a checkpoint and returns it.
  Result<std::string> seal();
  // Writes `stop`, commits, publishes the last checkpoint. Everything later is refused.
  Result<void> stop(std::string_view why);

 private:
  struct Waiting {
    AppendDone done;
    Result<RecordPlace> outcome;
  };
  Result<RecordPlace> append(AppendRequest&& request);
  Result<void> admit(const AppendRequest& request, const std::string& session,
                     const std::string& tool_use) const;
  Result<RecordPlace> write(RecordKind kind, std::string_view session, std::string_view tool_use,
                            codec::JsonObject members, const std::optional<Salt>& salt = {});
  Result<RecordPlace> write_at(const RecordTime& now, RecordKind kind, std::string_view session,
                               std::string_view tool_use, codec::JsonObject members,
                               const std::optional<Salt>& salt = {});
  Result<bool> seal_epoch(const RecordTime& now);

  void seal_within(Duration time);

  RecordStore& store_;
  RecordRules& rules_;
  const Masker& masker_;
  const Clock& clock_;
  Random& random_;
  std::string boot_id_;
  std::vector<Waiting> waiting_;
  std::optional<Duration> seal_due_;  // by the monotonic clock; none: everything is sealed
  bool closed_ = false;
};

}  // namespace glovebox::audit
