// One network of boxes, as the egress role serves it: its sockets, its names, what flows, and what
// of it is on record.
//
// Whatever comes in through these sockets is this network's; nothing that a peer says of itself
// counts. Every connection and every query is decided on its own, by the rules that the network was
// given when it was made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/log.h"
#include "base/unique_fd.h"
#include "codec/client_hello.h"
#include "codec/host.h"
#include "codec/metrics.h"
#include "egress/journal.h"
#include "egress/leaf_cache.h"
#include "egress/limits.h"
#include "egress/name_table.h"
#include "egress/net_record.h"
#include "egress/refusal_folder.h"
#include "egress/relay.h"
#include "egress/rules.h"
#include "egress/secret_shelf.h"
#include "egress/upstream.h"
#include "net/cancel.h"
#include "net/event.h"
#include "net/loop.h"
#include "net/rate.h"
#include "net/task.h"
#include "net/tls.h"
#include "net/tls_server.h"

namespace glovebox::egress {

// What mode `inspect` takes: who speaks to boxes in the name of origins, and whom origins are
// believed by.
struct Inspection {
  LeafCache& leaves;
  net::TlsServerContext inside;
  net::TlsContext outside;
};

// What all networks share; outlives them.
struct EgressHost {
  net::Loop& loop;
  Upstream& upstream;
  Journal& journal;
  PipePool& pipes;
  const Log& log;
  std::optional<Inspection> inspection;  // none: what it takes is not there
  const SecretShelf& secrets;
  codec::Metrics& numbers;
};

// UDP for DNS, TCP for DNS, and TCP with the port of each.
struct NetworkListeners {
  std::vector<UniqueFd> dns;
  UniqueFd dns_tcp;
  struct Port {
    std::uint16_t port = 0;
    UniqueFd socket;
  };
  std::vector<Port> tcp;
};

enum class Shared : std::uint8_t {
  by_session,  // calls of a session work in it in turn or at once
  no,          // one call, which is named before it is over
};

class Network : public std::enable_shared_from_this<Network> {
 public:
  // Serves at once.
  static std::shared_ptr<Network> start(EgressHost& host, NetworkTags tags, Shared shared,
                                        std::shared_ptr<const EgressRules> rules,
                                        NetworkListeners listeners);

  // What was held back for want of it is recorded. Nothing for a shared network.
  void name_call(std::string tool_use, std::string tool);
  // Everything that has happened is on record, durably, when this returns; connections of a network
  // that is not shared have ended. Kinds: timeout, denied (the log cannot be written).
  net::Task<Result<void>> flush();
  // Nobody listens any more, and every connection ends; the same holds when this returns. Errors as
  // flush().
  net::Task<Result<void>> close();
  // The same without waiting. Tasks go on until they have noticed.
  void end();

  const NetworkTags& tags() const { return tags_; }

 private:
  struct Flow;  // flow.h
  Network(EgressHost& host, NetworkTags tags, Shared shared,
          std::shared_ptr<const EgressRules> rules);

  // --- network_dns.cc
  net::Task<void> serve_datagrams(std::shared_ptr<Network> self, UniqueFd socket);
  net::Task<void> accept_queries(std::shared_ptr<Network> self, UniqueFd socket);
  net::Task<void> serve_queries(std::shared_ptr<Network> self, UniqueFd socket);
  std::string answer(std::string_view query);

  // --- network_flow.cc
  net::Task<void> accept_on(std::shared_ptr<Network> self, UniqueFd socket, std::uint16_t port);
  net::Task<void> serve(std::shared_ptr<Network> self, UniqueFd inside, std::uint16_t port);
  net::Task<Result<char>> first_byte(int inside, net::Patience patience);
  void tell_flows();

  // --- network_modes.cc, network_http.cc
  struct Target {
    codec::HostPort where;
    const policy::EgressRule* rule = nullptr;  // of rules_
  };
  class Site;
  net::Task<void> carry_raw(Target target, UniqueFd inside, net::Patience patience);
  net::Task<void> carry_named(Target target, UniqueFd inside, net::Patience patience);
  net::Task<void> carry_requests(Target target, UniqueFd inside, net::Patience patience);
  net::Task<void> carry_inspected(Target target, UniqueFd inside, net::Patience patience);
  net::Task<Result<std::string>> read_hello(int inside, codec::ClientHelloReader& reader,
                                            net::Patience patience);
  net::Task<Result<void>> note_beginning(const Flow& flow, net::Patience patience);
  // What is denied is on record when it returns; what fails else is the caller's to tell.
  net::Task<Result<Reached>> reach(const Target& target, Flow& flow, net::Patience patience);
  net::Task<void> carry(Flow& flow, int inside, Reached reached, std::string first,
                        net::Patience patience);
  Opened opened_to(const Target& target) const;
  Refused refused_to(const Target& target, std::string why) const;
  void refuse(const Target& target, std::string why);

  bool may_begin(const codec::Host& host, std::uint16_t port);

  void refuse(Refused refused);
  void count(std::uint64_t up, std::uint64_t down);
  void record(Opened opened) { hold_or_tell(std::move(opened)); }
  void record(Refusals refusals) { hold_or_tell(std::move(refusals)); }
  using Happened = std::variant<Opened, Refusals>;
  void hold_or_tell(Happened what);
  void tell(const Happened& what);
  void tell_held();
  bool is_held() const { return shared_ == Shared::no && tags_.tool_use.empty() && !ended_; }

  EgressHost& host_;
  NetworkTags tags_;
  const Shared shared_;
  const std::shared_ptr<const EgressRules> rules_;
  NameTable names_;
  RefusalFolder refusals_;
  net::Rate connections_{kConnectionsPerSecond, kConnectionBurst};
  net::Rate queries_{kQueriesPerSecond, kQueryBurst};
  Carried carried_;  // by flows that have ended
  const std::shared_ptr<std::size_t> origins_ = std::make_shared<std::size_t>(0);
  std::list<Flow*> flows_;
  std::size_t dns_streams_ = 0;
  std::vector<Happened> held_;   // until the call is named
  net::CancelSource listening_;  // ends everything
  net::CancelSource flowing_;    // ends the connections
  net::TaskGroup running_;       // connections
  bool ended_ = false;
};

}  // namespace glovebox::egress
