// Rules that would have let through what egress refused: exact facts of the log, nothing wider.
//
// No wildcard, suffix, block or range is ever made of them: that is for a person, who knows what
// was meant. Nothing is suggested for what no rule was asked about (limits, malformed requests, a
// wrong name in TLS, an address that a name must not stand for), for what `deny` or a cap names,
// and for services that hand out a machine's credentials. A rule is offered only if the policy
// reader takes it and it allows just what was refused. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "egress/denied_attempt.h"

namespace glovebox::egress {

// Different facts, requests included: what runs in a box can make up as many as it likes.
inline constexpr std::size_t kMostSuggestions = 20'000;

struct Seen {
  std::uint64_t times = 0;            // attempts
  std::uint64_t first = 0, last = 0;  // records

  bool operator==(const Seen&) const = default;
};

struct SuggestedRequest {
  std::string text;  // `GET /path`, as `allow` has it
  Seen seen;

  bool operator==(const SuggestedRequest&) const = default;
};

struct Suggestion {
  enum class Kind : std::uint8_t {
    rule,        // whole
    unfinished,  // a part of the rule was not seen
    none,        // no rule is right
  };
  std::string profile;
  std::string host;  // rule and unfinished: one that a policy can name; else of unknown origin
  std::uint16_t port = 0;  // 0: not seen
  Kind kind = Kind::none;
  std::string mode;                     // of the rule; empty: not known
  std::vector<SuggestedRequest> allow;  // rule, modes http and inspect
  bool private_address = false;         // rule: it needs `private = true`
  std::string note;                     // what is missing, or why there is no rule; else empty
  std::string beside;                   // file:line of a rule that gives other requests, or empty
  Seen seen;

  bool operator==(const Suggestion&) const = default;
};

// What a whole rule says as the table of an array, in TOML: its keys, a line each. Of its requests
// one stands on each line, with what was seen of it.
std::string rule_keys(const Suggestion& suggestion);

class SuggestedRules {
 public:
  void add(const DeniedAttempt& attempt);
  // Attempts that would have been one fact too many.
  std::uint64_t left_out() const { return left_out_; }
  // Sorted by profile, host, port and kind.
  std::vector<Suggestion> take();

 private:
  struct Key {
    std::string profile, host;
    std::uint16_t port = 0;
    Suggestion::Kind kind = Suggestion::Kind::none;
    std::string mode, note;
    auto operator<=>(const Key&) const = default;
  };
  struct Facts {
    Seen seen;
    std::map<std::string, Seen> requests;
    bool private_address = false;
    std::string beside;
  };
  using Place = std::tuple<std::string, std::string, std::uint16_t>;  // profile, host, port
  struct Fact {
    Key key;
    std::string request;  // empty: none
    bool private_address = false;
    std::string beside;
  };
  static Fact fact_of(const DeniedAttempt& attempt);

  std::map<Key, Facts> facts_;
  std::size_t count_ = 0;
  std::uint64_t left_out_ = 0;
  std::set<Place> requests_seen_;  // where single requests were refused by a rule
};

}  // namespace glovebox::egress
