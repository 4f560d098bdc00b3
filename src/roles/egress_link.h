// The boxer's end of its connection to the egress role: which networks there are, and whose.
//
// It keeps a copy of each network's sockets, so that an egress role that was started again serves
// them as well; until then what connects waits, and connections that were open have ended. What was
// asked of one that is gone is answered here: nobody waits for it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "base/units.h"
#include "egress/recent_rules.h"
#include "ipc/channel.h"
#include "roles/call_gate.h"

namespace glovebox::roles {

class EgressLink {
 public:
  // Longer than egress takes for any record: then the call goes on without.
  static constexpr Duration kPatience = seconds(40);

  EgressLink(const Clock& clock, const Log& log) : clock_(clock), log_(log) {}

  void connect(ipc::Channel channel);
  bool connected() const { return channel_.open(); }
  int fd() const { return channel_.fd(); }
  // Reads one message; an egress role that is gone is noticed here.
  void receive();

  struct NewNetwork {
    std::string session;
    std::uint64_t name = 0;  // of its keeper
    bool shared = false;     // by the session's calls
    std::string profile, policy;
    std::string rules_digest, rules;  // egress/rules.h
    std::vector<UniqueFd> sockets;
  };
  void open(NewNetwork network);
  // The call works in the network from now on.
  void name_call(std::string_view session, std::uint64_t name, std::string_view tool_use,
                 std::string_view tool);
  // The call is over: `ticket` comes out of take_settled() when all that it did is on record.
  // False: there is nothing to wait for.
  bool flush(std::string_view session, std::uint64_t name, Ticket ticket);
  // Nothing runs in it any more; nobody waits for its end.
  void close(std::string_view session, std::uint64_t name);
  // Those that are left of the session, and those that are closing: the session comes out of
  // take_closed() when all that they did is on record. False: there is nothing to wait for.
  bool close_all(const std::string& session);

  std::vector<Ticket> take_settled();
  std::vector<std::string> take_closed();
  // When something is given up that egress does not answer; monotonic, Duration::max(): never.
  Duration next_look() const;
  void look();

 private:
  struct Network {
    NewNetwork facts;
    std::uint64_t number = 0;  // towards egress
    std::string tool_use, tool;
  };
  struct Question {
    std::optional<Ticket> call;  // flush
    std::string session;         // close
    Duration until{};
  };
  Network* find(std::string_view session, std::uint64_t name);
  void tell(const Network& network);
  void close(Network&& network);
  std::uint64_t ask(Question question);
  void answered(std::uint64_t ticket);
  void lose(std::string_view why);
  template <class Message>
  void send(const Message& message, const std::vector<int>& fds = {});

  const Clock& clock_;
  const Log& log_;
  ipc::Channel channel_;
  std::uint64_t last_network_ = 0, last_ticket_ = 0;
  egress::RecentRules told_;
  std::deque<Network> networks_;
  std::map<std::uint64_t, Question> asked_;
  std::set<std::string> wanted_;  // sessions whose end waits for their networks
  std::vector<Ticket> settled_;
  std::vector<std::string> closed_;
};

}  // namespace glovebox::roles
