// What the HTTP relay needs to know about where one client connection leads, and whom it tells.
//
// The relay parses, asks, rewrites and forwards; names, addresses, dialling, TLS, the policy and
// the audit stay behind this interface. One site serves one client connection and outlives it; its
// requests may be under way at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "base/units.h"
#include "codec/host.h"
#include "net/alpn.h"
#include "net/byte_stream.h"
#include "net/cancel.h"
#include "net/task.h"
#include "policy/request.h"

namespace glovebox::egress {

// What the box resolved and dialled. Requests may name nothing else.
struct HttpOrigin {
  codec::Host host;
  std::uint16_t port = 0;
  policy::Tls tls = policy::Tls::no;
};
// For a Host field: without the port that the scheme implies.
std::string to_authority(const HttpOrigin& origin);

// A credential that the box does not hold. Only ever sent to the origin of the site that gives it,
// with a request that the policy allows.
struct Injection {
  std::string name;  // of the secret, for records
  Secret secret;     // must be able to stand in a header value, and not be empty
  // What the box holds in its place; found in a header value it becomes the secret. May be empty.
  std::string placeholder;
  std::string header = "authorization";  // is set, whatever the client put there
  std::string prefix = "Bearer ";
};

// Of one request.
struct Verdict {
  bool allowed = false;
  std::string rule;   // `file:line`; empty: no line, the default holds
  std::string words;  // why, in the policy's fixed vocabulary: the client reads them
  std::optional<Injection> injection = {};  // goes out with it
};
// What the client of a denied request reads.
std::string to_text(const Verdict& denied);

// Whether a rule of this origin tells methods or paths apart.
enum class MethodRules : std::uint8_t { none, exist };

// Whether the placeholder stood where it is not replaced. Bodies are not looked at.
enum class Misplaced : std::uint8_t { no, in_target };

// One request and what became of it.
struct HttpExchange {
  enum class Outcome : std::uint8_t {
    allowed,  // and answered, or begun to be
    denied,   // by policy
    refused,  // before any rule: not a request, too long, for another name
    failed,   // allowed, but there was no whole answer, or a budget was used up
  };
  std::string method;   // empty: none could be read
  std::string path;     // without query; empty: none was admitted
  int status = 0;       // what the client was answered; 0: nothing
  std::string address;  // of the origin, dialled; empty: none was, or the proxy dialled it
  Outcome outcome = Outcome::refused;
  std::string rule;     // as in Verdict
  std::string words;    // fixed vocabulary: why it was denied or refused, or failed
  std::string trouble;  // why the origin was not reached, for the operator alone
  std::optional<std::string> credential;  // name of the secret that went out
  Misplaced misplaced = Misplaced::no;
  std::uint64_t up = 0, down = 0;  // bytes sent to the origin and received from it
  Duration duration{0};
};

// A connection to the origin, or why there is none.
struct OriginStream {
  Result<net::NegotiatedStream> made;
  std::string address = {};  // as in HttpExchange; also where it was dialled in vain
};

class HttpSite {
 public:
  virtual ~HttpSite() = default;

  virtual const HttpOrigin& origin() const = 0;
  // `path` has no query.
  virtual Verdict judge(std::string_view method, std::string_view path) = 0;
  virtual MethodRules method_rules() const { return MethodRules::exist; }
  // A new connection to the origin: to a checked address, TLS done where the origin has it, which
  // then speaks one of `offers`; nothing agreed on is HTTP/1.1.
  // Kinds: invalid (certificate), denied (address), closed (refused), not_found, timeout,
  // cancelled, and others.
  virtual net::Task<OriginStream> open(std::vector<net::Alpn> offers, net::Patience patience) = 0;
  // Called once for each exchange when it is over; not if the relay's task is destroyed before.
  // Never holds a secret.
  virtual void note(const HttpExchange& exchange) = 0;
};

}  // namespace glovebox::egress
