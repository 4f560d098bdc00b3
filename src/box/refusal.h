// System calls of guests that a filter reported and that were refused, on their way to the log.
//
// A session's first kMostSingle are told one by one, and one more every kOneMore; the others are
// folded: one for each call of a tool and system call, with how often, the first and the last time,
// and the arguments of the first. What is folded is told when its window is over, or a call ends.
// Each window that folded something makes the next one twice as long, until there is room for
// kMostSingle again. So a flood costs no memory, little of the disk however long it lasts (some
// records a minute), and hides none of another kind. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/units.h"

namespace glovebox::box {

struct Refusal {
  std::uint64_t ticket = 0;  // of the call; 0: of none (several together, or a box that waits)
  bool late = false;         // the call had been answered: a process that it left running
  std::uint32_t number = 0;  // of the system call
  std::array<std::uint64_t, 6> arguments{};
  std::uint16_t error = 0;   // what the guest got
  std::uint32_t pid = 0;     // in the box; 0: not known
  std::string process;       // its name, chosen by the guest; empty: not known
  std::uint64_t times = 1;   // that this stands for
  WallTime first{}, last{};  // equal for one

  bool operator==(const Refusal&) const = default;
};
// `number` where several system calls are folded into one for want of room.
inline constexpr std::uint32_t kSeveralCalls = 0xFFFFFFFF;

class RefusalFolder {
 public:
  static constexpr std::size_t kMostSingle = 100;
  static constexpr milliseconds kOneMore{10'000};
  static constexpr milliseconds kWindow{1000};
  static constexpr milliseconds kLongestWindow{512'000};
  // Kinds that are folded apart; beyond that all go into one.
  static constexpr std::size_t kMostKinds = 64;

  // Whether the next one will be told with what is known about its process; else that is not looked
  // up.
  bool wants_details(Duration now) const;
  // `now`: monotonic. `refusal.first` is when; its `times` is 1.
  void add(Refusal refusal, Duration now);
  // What can be told now, in the order in which it began; folded ones when their window is over.
  std::vector<Refusal> take(Duration now);
  // Everything: a call has ended, or the session.
  std::vector<Refusal> take_all();
  // When take() will have something; Duration::max(): when something is added.
  Duration next_look() const;

 private:
  std::size_t room(Duration now) const;
  void fold(Refusal refusal, Duration now);

  std::vector<Refusal> single_;
  std::vector<Refusal> folded_;  // few: searched from the front
  Duration window_{kWindow};     // the next one
  Duration window_ends_{0};      // of what is folded
  // How many may be told singly, as of `counted_at_`.
  std::size_t room_ = kMostSingle;
  Duration counted_at_{0};
};

}  // namespace glovebox::box
