// Faults on demand: what a plane does wrong, and when.
//
// A rule is one JSON object; unknown keys are refused. It picks requests:
//   route         name of route.h, or a start of it with `*` (`work.*`, `*`)
//   credential    api_key, environment_key, sessions_token, or worker for both of a worker's;
//                 none named: any, unknown ones too
//   skip          how many matching requests pass first (0)
//   count         how many are hit then (1; 0: all)
// and says what becomes of a request that is hit:
//   applied       true: the request is done first, only its answer is lost or replaced
//   status        this status and an error envelope; error_type, message replace the usual ones
//   body          this text in place of the answer's body, with `status` or 200
//   headers       {name: value} added to the answer; should_retry (bool), retry_after and
//                 retry_after_ms (numbers) are short forms, and so is retry_after_date: the date
//                 that lies so many seconds ahead when the request comes
//   delay_ms      wait before answering
//   trickle_ms    the answer, or what a stream brings, comes byte by byte with this pause
//   cut           "before": no byte of an answer; "head": after the head; "body": half of the body;
//                 a number: so many bytes of the body, or of the events that a stream brings
//   malformed     true: the body is cut in the middle but declared whole, so it is no JSON; a
//                 stream begins with an event that is none
//   insert        a stream begins with this text, as it is
//   oversized     a stream begins with an event of so many bytes
//   stall         true: a stream stays open and silent; any other answer never comes
//   events        what happens to the events of a stream or a history page: event_fault.h
//   lose_lease    true: the item named in the path loses its lease before the request is done
//   force_stop    true: that item is stopped before the request is done
// Rules are tried in order; the first that hits decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "codec/json.h"
#include "plane/credential.h"
#include "plane/event_fault.h"
#include "plane/message.h"

namespace glovebox::plane {

constexpr milliseconds kMaxFaultDelay{600'000};
constexpr std::int64_t kMaxOversized = 64 << 20;

enum class Cut : std::uint8_t {
  none,
  before,
  head,
  body,
  after,  // `cut_after` bytes
};

struct Fault {
  bool applied = false;
  std::optional<int> status;
  std::string error_type;  // empty: the usual one of the status
  std::string message;
  std::optional<std::string> body;
  std::vector<Header> headers;
  std::optional<seconds> retry_after_date;
  milliseconds delay{0};
  milliseconds trickle{0};  // per byte; zero: all at once
  Cut cut = Cut::none;
  std::size_t cut_after = 0;
  bool malformed = false;
  bool stall = false;
  std::string insert;
  std::size_t oversized = 0;
  EventFault events;
  bool lose_lease = false;
  bool force_stop = false;

  // Whether the answer of the request itself is replaced.
  bool replaces_answer() const { return status.has_value() || body.has_value(); }
};

class Faults {
 public:
  // Adds the rules of a JSON array or of one rule. Nothing is added on an error: 400 naming the
  // rule and its key.
  Answer<void> add(const codec::Json& rules);
  void clear() { rules_.clear(); }

  // What becomes of this request; counts it.
  std::optional<Fault> strike(std::string_view route, std::optional<CredentialKind> credential);
  // Each rule with the number of its hits.
  codec::Json report() const;

 private:
  struct Rule {
    std::string route;
    std::optional<Access> credentials;
    std::int64_t skip = 0;
    std::int64_t count = 1;
    std::int64_t seen = 0;
    std::int64_t hits = 0;
    Fault fault;
    codec::Json source;
  };
  static Answer<Rule> read(const codec::Json& source, std::string_view place);
  static Answer<void> read_key(Rule& rule, std::string_view key, const codec::Json& value,
                               const std::string& place);

  std::vector<Rule> rules_;
};

}  // namespace glovebox::plane
