#include "box/waiting_boxes.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "os/file.h"

namespace glovebox::box {

namespace {

constexpr std::size_t kMostToldAtStart = 64 * kKiB;

template <class Boxes>
auto numbered(Boxes& boxes, const SessionInit* session, std::uint64_t number) {
  return std::ranges::find_if(boxes, [&](const auto& box) {
    return box.ends.session == session && box.ends.number == number;
  });
}

// Longer than its pipe: who waits for the box to read it waits for a guest.
bool fits(const BoxEnds& ends, std::string_view state, std::string_view command) {
  if (ends.state_in) return state.size() <= kMostToShell && command.size() <= kMostToShell;
  return command.size() <= os::pipe_size(ends.command.get()).value_or(0);
}

Result<void> tell(BoxEnds& ends, std::string_view state, std::string_view command) {
  if (ends.state_in) TRY(os::write_all(ends.state_in.get(), state));
  TRY(os::write_all(ends.command.get(), command));
  ends.state_in.reset();
  ends.command.reset();
  return {};
}

}  // namespace

WaitingBoxes::~WaitingBoxes() {
  for (Box& box : boxes_) box.ends.kill();
  for (Box& box : leaving_) box.ends.kill();
}

void WaitingBoxes::prepare(const PlanPtr& known) {
  if (!known->can_wait()) return;
  const CommandKind kind = known->plan().command.kind;
  for (std::size_t i = boxes_.size(); i-- > 0;) {
    if (boxes_[i].known->plan().command.kind != kind) continue;
    if (boxes_[i].known->walls() == known->walls()) {
      boxes_[i].until = commons_.clock.monotonic() + kPatience;
      return;
    }
    let_go(i);
  }
  ++commons_.waiting_boxes;
  if (known->plan().cgroups == CgroupMode::v1 && !commons_.raise_group_limits()) {
    --commons_.waiting_boxes;
    return;
  }
  auto guarded = commons_.guard.look(known->plan());
  auto ends = guarded ? ask_for_box(commons_, *known, std::nullopt, *std::move(guarded), {})
                      : Result<BoxEnds>(guarded.error());
  if (!ends) {
    --commons_.waiting_boxes;
    return;
  }
  boxes_.push_back({known, std::move(*ends), commons_.clock.monotonic() + kPatience});
}

std::optional<BoxEnds> WaitingBoxes::take(const KnownPlan& known, std::string_view guarded,
                                          const BoxCall& call) {
  const auto at = std::ranges::find_if(
      boxes_, [&](const Box& box) { return box.known->walls() == known.walls(); });
  if (at == boxes_.end()) return std::nullopt;
  const auto session = commons_.roots.of(known, commons_.places);
  // A name that has come, gone or been replaced since it was made is protected otherwise in it.
  const bool is_current = session && *session == at->ends.session && at->ends.guarded == guarded;
  // What a shell need not be told is known once it waits.
  if (at->ends.state_out && commons_.start_of(known.walls()) == nullptr)
    commons_.note_start(
        known.walls(),
        os::read_at(at->ends.state_out.get(), 0, kMostToldAtStart).value_or(std::string()));
  const std::string state = commons_.state_for(known.walls(), call.state);
  if (is_current && !fits(at->ends, state, call.command)) return std::nullopt;
  if (!is_current || !tell(at->ends, state, call.command)) {
    let_go(static_cast<std::size_t>(at - boxes_.begin()));
    return std::nullopt;
  }
  BoxEnds ends = std::move(at->ends);
  boxes_.erase(at);
  --commons_.waiting_boxes;
  return ends;
}

void WaitingBoxes::let_go(std::size_t at) {
  boxes_[at].ends.kill();
  leaving_.push_back(std::move(boxes_[at]));
  boxes_.erase(boxes_.begin() + static_cast<std::ptrdiff_t>(at));
}

void WaitingBoxes::forget(std::vector<Box>& boxes, std::size_t at) {
  boxes[at].ends.remove_group();
  boxes.erase(boxes.begin() + static_cast<std::ptrdiff_t>(at));
  --commons_.waiting_boxes;
}

bool WaitingBoxes::hear(const SessionInit* session, SessionEvent& event) {
  for (std::vector<Box>* boxes : {&boxes_, &leaving_}) {
    const auto at = numbered(*boxes, session, event.number);
    if (at == boxes->end()) continue;
    if (event.kind != SessionEvent::Kind::made) {
      forget(*boxes, static_cast<std::size_t>(at - boxes->begin()));
    } else {
      at->ends.made(std::move(event.pidfd));
      if (boxes == &leaving_) at->ends.kill();
    }
    return true;
  }
  return false;
}

void WaitingBoxes::lost(const SessionInit* session) {
  for (std::vector<Box>* boxes : {&boxes_, &leaving_}) {
    for (std::size_t i = boxes->size(); i-- > 0;) {
      if ((*boxes)[i].ends.session == session) forget(*boxes, i);
    }
  }
}

bool WaitingBoxes::uses(const SessionInit* session) const {
  const auto is_its = [&](const Box& box) { return box.ends.session == session; };
  return std::ranges::any_of(boxes_, is_its) || std::ranges::any_of(leaving_, is_its);
}

PlanPtr WaitingBoxes::plan_of(const SessionInit* session, std::uint64_t number) const {
  for (const std::vector<Box>* boxes : {&boxes_, &leaving_}) {
    const auto at = numbered(*boxes, session, number);
    if (at != boxes->end()) return at->known;
  }
  return nullptr;
}

Duration WaitingBoxes::next_look() const {
  Duration next = Duration::max();
  for (const Box& box : boxes_) next = std::min(next, box.until);
  return next;
}

void WaitingBoxes::look(Duration now) {
  for (std::size_t i = boxes_.size(); i-- > 0;) {
    if (now >= boxes_[i].until) let_go(i);
  }
}

}  // namespace glovebox::box
