// The auditor's core: decides whether a record may be written, stamps it, and tells the asker only
// when it is durable.
//
// Use: submit() for every request that is waiting, then commit() once: one flush for all of them,
// then every `done` in the order of submission, refusals too. Nobody can acknowledge a record that
// is not durable, because only commit() calls `done` with a place.
//
// Rules: one intent per tool use id in the life of the log, and no denial after it; a result or an
// orphan needs an intent of the same session that has not ended; every writer has its kinds
// (record_kind.h). The first failed flush is final: all later requests are refused, and the role
// ends with exit 74.
//
// Not thread-safe: the role has one loop.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/call_index.h"
#include "audit/log_file.h"
#include "audit/mask.h"
#include "audit/record.h"
#include "audit/record_head.h"
#include "audit/record_store.h"
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
};

// Errors of an append: denied (the writer may not), exists (an intent or a denial of a call that
// has an intent), not_found (no intent), conflict (has ended already), invalid, limit, io (the log
// cannot be written).
using AppendDone = std::function<void(Result<RecordPlace>)>;

// For the visitor of LogFile::open: rebuilds the index. An error means that the log breaks the
// rules above (a second intent, a result without one): the log is not to be trusted.
Result<void> index_record(CallIndex& calls, const Record& record);
Result<void> index_record(CallIndex& calls, const RecordHead& record);

class Auditor {
 public:
  // `store` and the others outlive the auditor. `calls` was filled while the store was opened.
  Auditor(RecordStore& store, CallIndex& calls, const Masker& masker, const Clock& clock,
          std::string boot_id);

  // Writes `boot` (and `recovery` when `recovered` says that something was cut), a head after it,
  // and returns when both are durable. `members` describes this run.
  Result<void> start(const Recovered& recovered, codec::JsonObject members);

  void submit(AppendRequest request, AppendDone done);
  // Errors: io and others from the store; final. A session.close or stop in the group publishes a
  // head before its `done` is called.
  Result<void> commit();
  bool has_pending() const { return !waiting_.empty(); }

  // What the log says about a call, including what is not yet durable.
  CallState find_call(std::string_view tool_use) const;
  // Commits, then publishes a head and returns its bytes.
  Result<std::string> head();
  // Writes `stop`, commits, publishes the last head. Everything later is refused.
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
                            codec::JsonObject members);

  RecordStore& store_;
  CallIndex& calls_;
  const Masker& masker_;
  const Clock& clock_;
  std::string boot_id_;
  std::vector<Waiting> waiting_;
  bool head_wanted_ = false;
  bool closed_ = false;
};

}  // namespace glovebox::audit
