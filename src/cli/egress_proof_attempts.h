// What egress's self-proof tries in a throw-away box, as data: every way round the rules that is
// known, what has to come of each, and what has to be on record of it. Three controls go the
// allowed way, so that a network in which nothing works cannot pass for a wall. Pure.
//
// The box's rules give one name on three ports (proof_policy()). On the host a witness listens on
// these, on one more that no rule opens, and for datagrams; it answers with a word that nobody else
// knows, and is the only name server that the proof's egress asks (egress_proof_witness.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "codec/dns_message.h"
#include "codec/json.h"
#include "os/attempts.h"

namespace glovebox::cli {

// What guest and judge have to know of one run.
struct ProofScene {
  std::uint16_t raw = 0, http = 0, tls = 0;  // TCP, opened by a rule of that mode
  std::uint16_t closed = 0;                  // TCP, opened by none
  std::uint16_t datagrams = 0;               // UDP
  std::string socket;                        // abstract, of the host's network
  std::string device;                        // an interface of the host, not loopback
  std::string word;                          // of the witness

  codec::Json to_json() const;
  static Result<ProofScene> from_json(const codec::Json& json);  // kind invalid
};

// The one name that the rules give, and those that nothing gives.
inline constexpr std::string_view kProofName = "allowed.egress-proof.test";
inline constexpr std::string_view kProofOutside = "outside.egress-proof.test";

// In TOML: a profile for bash with the rules of the scene, and nothing else.
std::string proof_policy(const ProofScene& scene);

// Each in the words of a program; `to` is an address in any spelling, or kProofName.
struct TryConnection {
  std::string to;
  std::uint16_t port = 0;
  std::string bytes;  // sent when it stands
  std::string by;     // an address to go by (source route); empty: none
};
struct TryDatagram {
  std::string to;
  std::uint16_t port = 0;
  std::string bytes;
};
struct TryName {
  std::string server;
  enum class Over : std::uint8_t { udp, tcp } over = Over::udp;
  std::string name;
  codec::DnsType type = codec::DnsType::a;
};
struct TryCall {
  const os::Attempt* call = nullptr;
  std::string argument;
};

struct ProofAttempt {
  std::string name;  // `literal-ipv4`
  std::string what;  // for people
  std::variant<TryConnection, TryDatagram, TryName, TryCall> act;
  // Each a word or the beginning of what the guest may say came of it; below.
  std::vector<std::string_view> good;
  struct Promise {
    std::string_view kind;  // `net.deny`, `net.open`
    std::string host;
    std::uint16_t port = 0;  // 0: none
    std::string_view mode;   // `l7`
    std::string_view why;    // is in it
    // By default: no rule is named, since none gave a part of it.
    enum class Rule : std::uint8_t { none, any } rule = Rule::none;
  };
  std::optional<Promise> promise;
  enum class Way : std::uint8_t { hostile, allowed } way = Way::hostile;
};

// What the guest says came of an attempt.
namespace came {
inline constexpr std::string_view kAnswered = "answered";   // by the witness
inline constexpr std::string_view kClosed = "closed";       // connected, and ended without a byte
inline constexpr std::string_view kAlert = "alert";         // of TLS
inline constexpr std::string_view kStatus = "status ";      // of HTTP, not the witness's
inline constexpr std::string_view kBytes = "other bytes";   // of somebody else
inline constexpr std::string_view kSilence = "silence";     // for as long as it is waited for
inline constexpr std::string_view kRefused = "refused";     // nobody listens; a call: by a wall
inline constexpr std::string_view kNoFamily = "no family";  // the kernel lacks IPv6
inline constexpr std::string_view kMadeUp = "made-up address";
inline constexpr std::string_view kOtherAddress = "other address";
inline constexpr std::string_view kNoName = "no such name";
inline constexpr std::string_view kNotAnswered = "answer refused";  // DNS
inline constexpr std::string_view kEmpty = "empty answer";
inline constexpr std::string_view kThrough = "through";  // a call
inline constexpr std::string_view kFailed = "failed";    // otherwise; the detail says how
}  // namespace came

std::vector<ProofAttempt> proof_attempts(const ProofScene& scene);

// In all that an attempt sends, so that the witness can tell whose it is.
std::string proof_mark(std::string_view attempt);

}  // namespace glovebox::cli
