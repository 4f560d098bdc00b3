#include "plane/rehearsal_run.h"

#include <utility>

namespace glovebox::plane {

std::string result_text(const codec::Json& result_event) {
  std::string text;
  const codec::JsonArray* blocks = result_event.get_array("content");
  if (blocks == nullptr) return text;
  bool first = true;
  for (const codec::Json& block : *blocks) {
    const std::string* part = block.get_string("text");
    if (part == nullptr) continue;
    if (!first) text += '\n';
    text += *part;
    first = false;
  }
  return text;
}

namespace {

codec::Json message(const std::string& text) {
  return codec::Json::object(
      {{"type", "agent.message"},
       {"content", codec::Json::array({codec::Json::object({{"type", "text"}, {"text", text}})})}});
}

codec::Json call_event(const RehearsedCall& call) {
  return codec::Json::object({{"type", call.custom ? "agent.custom_tool_use" : "agent.tool_use"},
                              {"name", call.tool},
                              {"input", call.input},
                              {"evaluated_permission", call.ask == Ask::no ? "allow" : "ask"}});
}

std::string_view name_of(Ask ask) {
  switch (ask) {
    case Ask::no:
      return "no";
    case Ask::then_allow:
      return "allow";
    case Ask::then_deny:
      return "deny";
  }
  return "no";
}

}  // namespace

RehearsalRun::RehearsalRun(Rehearsal rehearsal) : rehearsal_(std::move(rehearsal)) {
  for (const RehearsalStep& step : rehearsal_.steps) played_.emplace_back(step.calls.size());
}

Move RehearsalRun::next() {
  Move move;
  if (next_step_ >= rehearsal_.steps.size()) {
    move.ends_turn = true;
    return move;
  }
  const RehearsalStep& step = rehearsal_.steps[next_step_++];
  if (!step.say.empty()) move.events.push_back(message(step.say));
  for (const RehearsedCall& call : step.calls) move.events.push_back(call_event(call));
  return move;
}

codec::JsonArray RehearsalRun::emitted(const std::vector<std::string>& ids) {
  codec::JsonArray confirmations;
  if (next_step_ == 0) return confirmations;
  const RehearsalStep& step = rehearsal_.steps[next_step_ - 1];
  std::vector<Played>& played = played_[next_step_ - 1];
  const std::size_t messages = step.say.empty() ? 0 : 1;
  if (ids.size() != messages + played.size()) return confirmations;
  for (std::size_t i = 0; i < played.size(); ++i) {
    played[i].id = ids[messages + i];
    played[i].state = CallState::pending;
    if (step.calls[i].ask == Ask::no) continue;
    codec::Json confirmation = codec::Json::object({{"type", "user.tool_confirmation"},
                                                    {"tool_use_id", played[i].id},
                                                    {"result", name_of(step.calls[i].ask)}});
    if (step.calls[i].ask == Ask::then_deny)
      confirmation.as_object()->set("deny_message", "denied by the rehearsal");
    confirmations.push_back(std::move(confirmation));
  }
  return confirmations;
}

RehearsalRun::Played* RehearsalRun::find(std::string_view id, Place* place) {
  if (id.empty()) return nullptr;
  for (std::size_t step = 0; step < played_.size(); ++step) {
    for (std::size_t call = 0; call < played_[step].size(); ++call) {
      if (played_[step][call].id != id) continue;
      if (place != nullptr) *place = {step, call};
      return &played_[step][call];
    }
  }
  return nullptr;
}

void RehearsalRun::fail(Played& played, std::string reason) {
  played.state = CallState::failed;
  played.reasons.push_back(std::move(reason));
}

void RehearsalRun::answered(const codec::Json& result_event) {
  const std::string* id = result_event.get_string("tool_use_id");
  if (id == nullptr) id = result_event.get_string("custom_tool_use_id");
  Place place{};
  Played* played = id != nullptr ? find(*id, &place) : nullptr;
  if (played == nullptr) return;
  played->is_error = result_event.get_bool("is_error").value_or(false);
  std::string text = result_text(result_event);
  played->reasons =
      judge(rehearsal_.steps[place.step].calls[place.call].expect, played->is_error, text);
  played->state = played->reasons.empty() ? CallState::passed : CallState::failed;
  if (text.size() > kMaxReportedText) text.resize(kMaxReportedText);
  played->text = std::move(text);
}

void RehearsalRun::denied(std::string_view call) {
  if (Played* played = find(call)) played->state = CallState::denied;
}

void RehearsalRun::refused(std::string_view call) {
  Played* played = find(call);
  if (played != nullptr && played->state == CallState::denied)
    fail(*played, "a result was posted for a denied call");
}

void RehearsalRun::stopped(std::string_view why) {
  for (std::vector<Played>& step : played_)
    for (Played& played : step)
      if (played.state == CallState::pending) fail(played, std::string(why));
}

std::string_view RehearsalRun::name(CallState state) {
  switch (state) {
    case CallState::waiting:
      return "waiting";
    case CallState::pending:
      return "pending";
    case CallState::passed:
      return "passed";
    case CallState::failed:
      return "failed";
    case CallState::denied:
      return "denied";
  }
  return "waiting";
}

std::size_t RehearsalRun::pending() const {
  std::size_t count = 0;
  for (const std::vector<Played>& step : played_)
    for (const Played& played : step)
      if (played.state == CallState::pending) ++count;
  return count;
}

codec::Json RehearsalRun::report() const {
  std::int64_t passed = 0;
  std::int64_t failed = 0;
  codec::JsonArray steps;
  for (std::size_t i = 0; i < rehearsal_.steps.size(); ++i) {
    const RehearsalStep& step = rehearsal_.steps[i];
    codec::JsonArray calls;
    for (std::size_t j = 0; j < step.calls.size(); ++j) {
      const Played& played = played_[i][j];
      // A denied call is as it should be: nobody ran it.
      if (played.state == CallState::passed || played.state == CallState::denied) ++passed;
      if (played.state == CallState::failed) ++failed;
      calls.push_back(codec::Json::object(
          {{"tool", step.calls[j].tool},
           {"input", step.calls[j].input},
           {"ask", name_of(step.calls[j].ask)},
           {"tool_use_id", played.id},
           {"state", name(played.state)},
           {"is_error", played.is_error},
           {"text", played.text},
           {"reasons", codec::JsonArray(played.reasons.begin(), played.reasons.end())}}));
    }
    steps.push_back(codec::Json::object({{"title", step.title},
                                         {"say", step.say},
                                         {"begun", i < next_step_},
                                         {"calls", std::move(calls)}}));
  }
  const std::string_view state = !finished()   ? (next_step_ == 0 ? "waiting" : "running")
                                 : failed == 0 ? "passed"
                                               : "failed";
  return codec::Json::object({{"rehearsal", rehearsal_.name},
                              {"about", rehearsal_.about},
                              {"state", state},
                              {"passed", passed},
                              {"failed", failed},
                              {"pending", static_cast<std::int64_t>(pending())},
                              {"steps", std::move(steps)}});
}

}  // namespace glovebox::plane
