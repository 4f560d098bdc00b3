// The egress role's work, once it is locked down: networks that the boxer hands over, until it
// takes them back.
//
// It believes the boxer what belongs to whom, and which rules hold; nobody else tells it anything.
// A boxer that is gone took its boxes with it: every connection ends.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "egress/network.h"
#include "egress/recent_rules.h"
#include "egress/rules.h"
#include "ipc/channel.h"
#include "net/cancel.h"
#include "net/event.h"
#include "net/task.h"

namespace glovebox::egress {

class Egress {
 public:
  explicit Egress(EgressHost& host) : host_(host), there_(host.loop) {}

  // Takes the place of an earlier one, whose networks end.
  void connect(ipc::Channel boxer);
  // Reads what the boxer says; for as long as the role lives.
  net::Task<void> serve();

  std::size_t networks() const { return networks_.size(); }

 private:
  Result<void> take(ipc::Envelope envelope);
  Result<void> open(ipc::Envelope envelope);
  net::Task<void> settle(std::shared_ptr<Network> network, net::Task<Result<void>> work,
                         std::uint64_t ticket);
  void answer(std::uint64_t ticket);
  void lose(std::string_view why);
  void note_rules(const std::string& digest);

  EgressHost& host_;
  net::Event there_;
  ipc::Channel boxer_;
  std::vector<ipc::Channel> ended_;  // until nothing waits on them
  net::CancelSource reading_;
  std::uint64_t connection_ = 0;
  std::map<std::string, std::shared_ptr<const EgressRules>> rules_;  // by digest
  RecentRules recent_;                                               // those of rules_
  std::map<std::uint64_t, std::shared_ptr<Network>> networks_;
};

}  // namespace glovebox::egress
