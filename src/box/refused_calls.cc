#include "box/refused_calls.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "os/process_view.h"
#include "seccomp/table.h"

namespace glovebox::box {

namespace {

// Of one box before it is the next one's turn, so that a flood keeps no other call waiting.
constexpr int kAtOnce = 32;
// Between those while a flood is folded: whoever makes it waits, and the keeper, which no limit of
// the guest's counts, does not work for it alone.
constexpr milliseconds kRest{5};
constexpr int kNoDescriptor = -1;            // poll(2) passes over it
constexpr std::size_t kMaxProcessName = 64;  // the kernel's names are shorter, escapes and all

seccomp::Call to_call(const os::ReportedCall& call) {
  return {.number = call.number, .arch = call.arch, .arguments = call.arguments};
}

// A report that the program does not know of cannot be; if it came all the same it is refused.
std::uint16_t error_for(const std::vector<seccomp::Instruction>& program,
                        const os::ReportedCall& call) {
  const auto returned = seccomp::run(program, to_call(call));
  const auto action = returned ? seccomp::to_action(*returned) : std::optional<seccomp::Action>{};
  if (!action || action->kind != seccomp::Action::Kind::notify) return EPERM;
  return action->error;
}

}  // namespace

void RefusedCalls::listen(const SessionInit* session, std::uint64_t box, UniqueFd listener) {
  boxes_.push_back({.session = session, .number = box, .listener = std::move(listener)});
}

void RefusedCalls::lost(const SessionInit* session) {
  std::erase_if(boxes_, [&](const Box& box) { return box.session == session; });
}

void RefusedCalls::add_polls(std::vector<os::Poll>& polls) const {
  const Duration now = clock_.monotonic();
  for (const Box& box : boxes_)
    polls.push_back({.fd = now < box.rests_until ? kNoDescriptor : box.listener.get()});
}

void RefusedCalls::after_poll(const os::Poll* polls, const OwnerOf& owner_of) {
  std::vector<Box> listening;
  for (std::size_t i = 0; i < boxes_.size(); ++i) {
    Box& box = boxes_[i];
    // A call that is over keeps what it was, for what it left running.
    if (!box.owner.answered) {
      Owner owner = owner_of(box.session, box.number);
      if (owner.known)
        box.owner = std::move(owner);
      else
        box.owner.answered = true;
    }
    if (polls[i].readable && hear(box) == Still::over) continue;
    listening.push_back(std::move(box));
  }
  boxes_ = std::move(listening);
}

Duration RefusedCalls::next_look() const {
  const Duration now = clock_.monotonic();
  Duration next = folder_.next_look();
  for (const Box& box : boxes_)
    if (now < box.rests_until) next = std::min(next, box.rests_until);
  return next;
}

RefusedCalls::Still RefusedCalls::hear(Box& box) {
  for (int i = 0; i < kAtOnce; ++i) {
    const auto call = os::next_reported_call(box.listener.get());
    // Closed: nobody is left to ask. Anything else cannot be helped: the listener goes, and with
    // it the kernel refuses what it would have reported.
    if (!call) return Still::over;
    if (!*call) return Still::listens;
    refuse(box, **call);
  }
  if (const Duration now = clock_.monotonic(); !folder_.wants_details(now))
    box.rests_until = now + kRest;
  return Still::listens;
}

void RefusedCalls::refuse(Box& box, const os::ReportedCall& call) {
  if (box.program.empty() && box.owner.known)
    box.program = seccomp::from_bytes(box.owner.known->plan().filter)
                      .value_or(std::vector<seccomp::Instruction>());
  const Duration now = clock_.monotonic();
  Refusal refusal;
  refusal.ticket = box.owner.ticket;
  refusal.late = box.owner.answered;
  refusal.number = call.number;
  refusal.arguments = call.arguments;
  refusal.error = error_for(box.program, call);
  refusal.first = clock_.wall();
  // Read while it waits: then no other process can have its number.
  if (call.pid > 0 && folder_.wants_details(now)) {
    const auto facts = os::names_of_thread(call.pid);
    if (facts && os::is_waiting(box.listener.get(), call.id)) {
      refusal.pid = facts->innermost;
      refusal.process = facts->name.substr(0, kMaxProcessName);
    }
  }
  // Noted first. Whoever is gone meanwhile called all the same.
  const std::uint16_t error = refusal.error;
  folder_.add(std::move(refusal), now);
  (void)os::refuse_reported_call(box.listener.get(), call.id, error);
}

}  // namespace glovebox::box
