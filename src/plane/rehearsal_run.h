// A rehearsal at play in one session: the next move, and what came back of each call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "codec/json.h"
#include "plane/rehearsal.h"

namespace glovebox::plane {

// What the brain does now. Events without ids; `confirmations` of calls among them follow from
// emitted(). An end of the turn comes after the events.
struct Move {
  codec::JsonArray events;
  bool ends_turn = false;
};

class RehearsalRun {
 public:
  explicit RehearsalRun(Rehearsal rehearsal);

  // The next step. After the last one: the end of the turn, every time.
  Move next();
  // The ids that the session gave to the events of the last move, one for each. Gives the
  // confirmations that a person would now send.
  codec::JsonArray emitted(const std::vector<std::string>& ids);
  // A stored user.tool_result or user.custom_tool_result.
  void answered(const codec::Json& result_event);
  void denied(std::string_view call);
  // Somebody posted a result that was refused: for a denied call that is a failure, it ran.
  void refused(std::string_view call);
  // The turn was interrupted or the session ended: calls without an answer have failed.
  void stopped(std::string_view why);

  bool finished() const { return next_step_ >= rehearsal_.steps.size() && pending() == 0; }
  // {rehearsal, about, state: waiting|running|passed|failed, passed, failed, pending, steps:[{
  //  title, say, calls:[{tool, input, ask, tool_use_id, state:
  //  waiting|pending|passed|failed|denied, is_error, text, reasons[]}]}]}. Texts are cut to
  //  kMaxReportedText bytes.
  codec::Json report() const;

 private:
  enum class CallState : std::uint8_t { waiting, pending, passed, failed, denied };
  struct Played {
    std::string id;
    CallState state = CallState::waiting;
    bool is_error = false;
    std::string text;
    std::vector<std::string> reasons;
  };
  struct Place {
    std::size_t step;
    std::size_t call;
  };
  Played* find(std::string_view id, Place* place = nullptr);
  static std::string_view name(CallState state);
  std::size_t pending() const;
  void fail(Played& played, std::string reason);

  Rehearsal rehearsal_;
  std::vector<std::vector<Played>> played_;  // by step and call
  std::size_t next_step_ = 0;
};

constexpr std::size_t kMaxReportedText = 16 * kKiB;

// The text blocks of a result, joined with newlines.
std::string result_text(const codec::Json& result_event);

}  // namespace glovebox::plane
