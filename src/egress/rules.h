// What one profile says about the network, as the egress role is told it: its egress rules, its
// denials, and what its cap allows at most. A denial wins over every rule; what neither the profile
// nor the cap names is denied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/egress_index.h"
#include "policy/judge.h"
#include "policy/policy.h"
#include "policy/request.h"

namespace glovebox::egress {

// What becomes of one request, in words that can be shown.
struct NetVerdict {
  bool allowed = false;
  const policy::EgressRule* rule = nullptr;  // that allows it, or comes closest
  std::string place;                         // file:line of what decided; empty: no rule at all
  std::string words;                         // as `glovebox policy why` has them
};

class EgressRules {
 public:
  // Of a profile and of its cap as that profile meets it (policy::bound_for); only what is about
  // the network is kept.
  // Of `secrets` those that a rule injects.
  EgressRules(const policy::Profile& profile, const std::optional<policy::Profile>& cap,
              const std::map<std::string, policy::SecretRule>& secrets = {});
  EgressRules(const EgressRules&) = delete;
  EgressRules& operator=(const EgressRules&) = delete;

  NetVerdict judge(const policy::ConnectRequest& request) const;
  NetVerdict judge(const policy::HttpRequest& request) const;
  NetVerdict judge(const policy::ResolveRequest& request) const;

  // How a connection that is allowed is carried. `raw` where some rule says it, since that gives
  // everything; else what sees most of what is spoken. `plain` and `tls` may both be there: then
  // the first byte tells. Null: no rule carries it so.
  struct Ways {
    const policy::EgressRule* raw = nullptr;
    const policy::EgressRule* plain = nullptr;  // http
    const policy::EgressRule* tls = nullptr;    // inspect or sni
  };
  Ways ways(const codec::Host& host, std::uint16_t port) const;
  // The secrets that the rules which allow the request add to it, each once; with more than one
  // nobody could say which is meant.
  std::vector<std::string> secrets_for(const policy::HttpRequest& request) const;
  // Whether the secret may go there.
  bool is_bound(std::string_view secret, const codec::HostPort& where) const;

  const std::string& profile() const { return profile_.name; }
  // Whether an allowed connection waits until it is on record.
  bool is_durable() const { return profile_.audit.egress == policy::AuditEgress::durable; }
  // On which to listen, ascending: the ports of the rules, and some (kWatchedPorts) on which
  // attempts are to be seen. Kind limit: more than `most`.
  Result<std::vector<std::uint16_t>> ports(std::size_t most) const;

  // The same rules are the same bytes. decode() refuses (kind protocol) what encode() would not
  // have written.
  std::string encode() const;
  static Result<std::unique_ptr<EgressRules>> decode(std::string_view bytes);

 private:
  template <class Request>
  NetVerdict ask(const Request& request) const;

  policy::Profile profile_;
  std::optional<policy::Profile> cap_;
  std::map<std::string, std::vector<policy::Endpoint>, std::less<>> bound_;  // by the secret's name
  policy::EgressIndex index_;
  std::optional<policy::EgressIndex> cap_index_;
};

}  // namespace glovebox::egress
