// The egress role's way to the log: records in order, and word of when they are durable.
//
// At most one connection to the auditor. What was under way on one that ended is sent again on the
// next (it may then be in the log twice, never missing). While there is none, or the log refuses,
// the journal is not usable and nothing is let through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string_view>
#include <vector>

#include "audit/record_kind.h"
#include "base/log.h"
#include "base/result.h"
#include "codec/json.h"
#include "ipc/channel.h"
#include "net/cancel.h"
#include "net/event.h"
#include "net/loop.h"
#include "net/task.h"

namespace glovebox::egress {

class Journal {
 public:
  // Records that wait while there is no connection; further ones are lost, and the journal stays
  // unusable until it has told how many.
  static constexpr std::size_t kMostWaiting = 16'384;
  // Sent and not answered: each side would wait for the other if both only wrote.
  static constexpr std::size_t kMostUnderWay = 64;

  Journal(net::Loop& loop, const Log& log) : loop_(loop), log_(log), moved_(loop), there_(loop) {}

  void connect(ipc::Channel auditor);
  bool usable() const { return channel_.open() && !refused_ && lost_ == 0; }

  // Gives its number, for settled().
  std::uint64_t record(audit::RecordKind kind, codec::JsonObject members);
  // Until this record, and all before it, are durable. Kinds: denied (the log refused it), timeout,
  // cancelled.
  net::Task<Result<void>> settled(std::uint64_t number, net::Patience patience);
  std::uint64_t last() const { return next_ - 1; }

  // Reads the answers; for as long as the role lives.
  net::Task<void> serve();

 private:
  struct Waiting {
    std::uint64_t number;
    audit::RecordKind kind;
    std::string members;
  };
  void send_some();
  void lose(std::string_view why);
  void take(const ipc::Envelope& envelope);
  void done(std::uint64_t number);

  net::Loop& loop_;
  const Log& log_;
  net::Event moved_;  // something was answered
  net::Event there_;  // there is a connection
  ipc::Channel channel_;
  std::vector<ipc::Channel> ended_;  // until nothing waits on them
  net::CancelSource reading_;
  std::uint64_t next_ = 1;
  std::deque<Waiting> waiting_;             // not sent
  std::map<std::uint64_t, Waiting> asked_;  // sent, not answered; by number
  bool refused_ = false;                    // the last one was
  std::uint64_t lost_ = 0;
};

}  // namespace glovebox::egress
