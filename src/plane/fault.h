// Faults on demand: what a plane does wrong, and when.
//
// A rule is one JSON object; unknown keys are refused. It picks requests:
//   route         name of route.h, or a start of it with `*` (`work.*`, `*`)
//   skip          how many matching requests pass first (0)
//   count         how many are hit then (1; 0: all)
// and says what becomes of a request that is hit:
//   applied       true: the request is done first, only its answer is lost or replaced
//   status        this status and an error envelope; error_type, message replace the usual ones
//   headers       {name: value} added to the answer; should_retry (bool), retry_after and
//                 retry_after_ms (numbers) are short forms
//   delay_ms      wait before answering
//   cut           "before": no byte of an answer; "head": after the head; "body": half of the body
//   malformed     true: the body is cut in the middle but declared whole, so it is no JSON
//   stall         true: a stream stays open and silent; any other answer never comes
//   lose_lease    true: the item named in the path loses its lease before the request is done
//   force_stop    true: that item is stopped before the request is done
// Rules are tried in order; the first that hits decides.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "codec/json.h"
#include "plane/message.h"

namespace glovebox::plane {

constexpr milliseconds kMaxFaultDelay{600'000};

enum class Cut : std::uint8_t { none, before, head, body };

struct Fault {
  bool applied = false;
  std::optional<int> status;
  std::string error_type;  // empty: the usual one of the status
  std::string message;
  std::vector<Header> headers;
  milliseconds delay{0};
  Cut cut = Cut::none;
  bool malformed = false;
  bool stall = false;
  bool lose_lease = false;
  bool force_stop = false;

  // Whether the answer of the request itself is replaced.
  bool replaces_answer() const { return status.has_value(); }
};

class Faults {
 public:
  // Adds the rules of a JSON array or of one rule. Nothing is added on an error: 400 naming the
  // rule and its key.
  Answer<void> add(const codec::Json& rules);
  void clear() { rules_.clear(); }

  // What becomes of this request; counts it.
  std::optional<Fault> strike(std::string_view route);
  // Each rule with the number of its hits.
  codec::Json report() const;

 private:
  struct Rule {
    std::string route;
    std::int64_t skip = 0;
    std::int64_t count = 1;
    std::int64_t seen = 0;
    std::int64_t hits = 0;
    Fault fault;
    codec::Json source;
  };
  static Answer<Rule> read(const codec::Json& source, std::string_view place);

  std::vector<Rule> rules_;
};

}  // namespace glovebox::plane
