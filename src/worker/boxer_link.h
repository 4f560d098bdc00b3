// The worker's one connection to the boxer, shared by all sessions.
//
// The boxer may die and be started again under the same worker: attach() gives the link its new
// connection. A call whose answer the old one owed is then asked for again; the boxer answers it
// from its store, or with an interruption, and never runs it twice.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "net/cancel.h"
#include "net/event.h"
#include "net/loop.h"
#include "net/task.h"

namespace glovebox::worker {

enum class CancelReason { called_off, shutting_down };

// A boxer that died is replaced sooner. Beyond that the connection alone was lost, on which only a
// new worker gets another one.
constexpr seconds kBoxerPatience{10};

class BoxerLink {
 public:
  BoxerLink(net::Loop& loop, const Log& log, Duration patience = kBoxerPatience);

  // The connection to serve from now on, in place of any before.
  void attach(ipc::Channel channel);
  // Takes in what the boxer sends, until the token of `patience` is cancelled, or until there was
  // no boxer for too long: then `abandoned` is set.
  net::Task<void> serve(net::Patience patience);
  net::Event& abandoned() { return abandoned_; }

  // Opens the session at the boxer, and again at every new boxer while it is open here. After a
  // refusal the next call of the session asks again.
  // Kinds: denied (refused, with the boxer's words; or names that are too long), cancelled,
  // timeout.
  net::Task<Result<void>> open(ipc::OpenSession session, net::Patience patience);
  // Kinds: denied (refused), exists (settled before: nothing is to be posted), cancelled.
  net::Task<Result<ipc::CallDone>> call(ipc::Call call, net::Patience patience);
  void cancel(std::string_view session, std::string_view tool_use, CancelReason reason);
  void settled(std::string_view session, std::string_view tool_use);
  // When it told of a call that had a box.
  std::optional<Duration> last_box() const { return last_box_; }
  // Calls whose result the boxer kept from before and nobody has settled yet.
  std::vector<std::string> kept(std::string_view session) const;
  // Until the boxer has closed it or refuses to (it cannot record the end), or there is no boxer.
  net::Task<Result<void>> close(std::string session, std::string reason, net::Patience patience);

 private:
  struct Pending {
    explicit Pending(net::Loop& loop) : done(loop) {}
    net::Event done;
    std::optional<Result<ipc::CallDone>> answer;  // none: the connection ended
  };
  struct Session {
    explicit Session(net::Loop& loop) : changed(loop) {}
    ipc::OpenSession message;
    std::uint64_t asked_of = 0, opened_by = 0;  // generations of the connection
    std::optional<Error> refusal;
    bool closed = false;
    std::vector<std::string> unsettled;  // reported while there was no boxer
    std::vector<std::string> kept;
    net::Event changed;
  };
  using Key = std::pair<std::string, std::string>;

  template <class Message>
  bool send(const Message& message);
  void take(const ipc::Envelope& envelope);
  void lose(std::string_view why);
  net::Task<Result<void>> ensure_open(std::shared_ptr<Session> session, net::Patience patience);

  net::Loop& loop_;
  const Log& log_;
  ipc::Channel channel_;
  // A descriptor stays open while it is waited for: a lost one goes when serve() has let go of it.
  std::vector<ipc::Channel> lost_;
  net::CancelSource reading_;
  net::Event attached_, abandoned_;
  Duration boxer_patience_;
  std::uint64_t generation_ = 0;
  std::map<std::string, std::shared_ptr<Session>, std::less<>> sessions_;
  std::map<Key, std::shared_ptr<Pending>> pending_;
  std::optional<Duration> last_box_;
};

}  // namespace glovebox::worker
