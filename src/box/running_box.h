// One call while it runs, as the keeper sees it: its box's process, its pipes, its clocks and its
// verdict.
//
// The report is ready as soon as the box says that the tool and all that it started have ended;
// what the kernel then takes apart (namespaces, mounts, the first process) is waited for behind it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "base/units.h"
#include "box/background_watch.h"
#include "box/box_ends.h"
#include "box/keeper.h"
#include "box/known_plan.h"
#include "box/outcome.h"
#include "box/output_collector.h"
#include "box/plan.h"
#include "box/process_watch.h"
#include "box/session_commons.h"
#include "box/session_init.h"
#include "box/waiting_boxes.h"
#include "os/process.h"
#include "tools/result.h"

namespace glovebox::box {

class RunningBox {
 public:
  struct Call {
    std::uint64_t ticket = 0;
    PlanPtr known;
    std::string input;
    std::array<UniqueFd, 3> stdio;
  };

  RunningBox(SessionCommons& commons, Call call);

  // Takes a box that waits, or asks for one. When none is needed or none can be made, the report is
  // ready at once.
  void start(WaitingBoxes& waiting);
  // What the first process of its namespaces tells.
  void made(UniqueFd pidfd);
  void refused(std::string why);
  // `left`: how many processes of the call live on (keep mode).
  void gone(const os::ExitFacts& exit, std::uint32_t left);
  // In keep mode: what its processes use, as that process counts.
  void used(const BoxUse& use);
  // That process is gone itself, and the box with it.
  void lost();
  // Who it asked for the box; nullptr before and after.
  const SessionInit* session() const { return ends_.session; }
  std::uint64_t number() const { return ends_.number; }

  std::uint64_t ticket() const { return call_.ticket; }
  const PlanPtr& known() const { return call_.known; }

  // Adds what it waits for; after_poll() gets the same entries back, in their order.
  void add_polls(std::vector<os::Poll>& polls) const;
  void after_poll(const os::Poll* polls);
  // When it wants to look at its clocks; monotonic.
  Duration next_look() const;
  void look(Duration now);

  // Ends it with this verdict, unless it has one.
  void stop(Outcome outcome);

  // True once, when every wall stands.
  bool take_started();
  // Once, before the report: the answer as it will be, when the shell told its status and is about
  // to end. Whatever happens until then counts all the same.
  std::optional<RunReport> take_answer() { return std::exchange(answer_, std::nullopt); }
  // The report is ready. The box is kept until the kernel has taken it apart, and its polls go on.
  bool is_done() const { return done_; }
  bool lingers() const { return ends_.session != nullptr; }
  RunReport report() { return std::move(report_); }
  bool keeps() const { return plan().background == Background::keep; }
  // Once, after the report: what lives on of the call.
  std::optional<LeftBehind> take_left();

 private:
  const BoxPlan& plan() const { return call_.known->plan(); }
  bool prepare_shell();
  void launch(WaitingBoxes* waiting);
  void launch_anew();
  Result<BoxEnds> take_box(WaitingBoxes* waiting);
  Result<void> enter_group();
  void leave_group();
  void decide(Verdict verdict);
  void read_pipes();
  void read_what_is_left();
  std::string state_told() const;
  void finish(const os::ExitFacts& exit);
  void hear_status();
  bool has_memory_kill();
  tools::ToolResult shell_text(const Verdict& verdict, std::string_view state) const;
  tools::ToolResult shell_result(const Verdict& verdict);
  tools::ToolResult function_result(Verdict& verdict);
  void complete(Verdict verdict);
  void sweep();
  void deny_swept();
  std::string notice() const;
  void guest_gone();
  void watch_restore(Duration now);
  void watch_use(Duration now);
  void limit_use(const BoxUse& use);

  SessionCommons& commons_;
  Call call_;
  std::string state_;    // of the shell, before the call
  std::string command_;  // or the tool and its input
  milliseconds time_limit_{0};
  std::string guarded_;  // of SessionGuard, before the call
  enum class Swept : std::uint8_t { not_begun, to_do, done } swept_ = Swept::not_begun;

  BoxEnds ends_;
  std::optional<LeftBehind> left_;
  std::string answer_bytes_;
  OutputCollector collector_;

  Duration began_{0}, deadline_{0}, next_disk_{0};
  std::optional<Duration> restore_by_;  // a shell that has not come to its command yet
  std::optional<Duration> gone_by_;     // it was killed
  WatchPace pace_;
  std::uint64_t kills_before_ = 0;
  std::uint64_t peak_bytes_ = 0;
  os::OwnUse use_;
  bool has_grant_ = false;
  bool has_guest_ = false;  // counted in SessionCommons::guests
  enum class Restore : std::uint8_t { normal, given_up, dropped } restore_ = Restore::normal;
  std::optional<Verdict> decided_;
  bool told_started_ = false;
  std::optional<int> told_;  // the status that the answer was made of
  Duration told_at_{0};
  std::optional<RunReport> answer_;
  bool done_ = false;
  RunReport report_;
};

}  // namespace glovebox::box
