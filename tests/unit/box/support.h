// A session with a keeper of its own, in a fresh folder, as root or as an ordinary user.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "box/host.h"
#include "box/keeper.h"
#include "box/plan.h"
#include "box/session_store.h"

namespace glovebox::box::test {

class TestSession {
 public:
  explicit TestSession(GroupPlaces group = {}, Ahead ahead = Ahead::none);
  ~TestSession();

  HostFacts& host() { return host_; }
  const std::string& folder() const { return folder_; }
  std::string workspace() const { return folder_ + "/work"; }
  SessionStore store() const;
  Keeper& keeper() { return *keeper_; }

  // Of shells and programs, whatever the policy says.
  void set_background(Background background) { background_ = background; }
  // From a built-in policy.
  BoxPlan plan(const std::string& tool, std::string_view policy = "default") const;
  BoxPlan program(std::vector<std::string> argv) const;

  RunReport run(BoxPlan plan, const std::string& input);
  RunReport bash(const std::string& command, int timeout_ms = 20'000);
  RunReport bash_with(BoxPlan plan, const std::string& command, int timeout_ms = 20'000);
  // A program's standard output and its report.
  RunReport run_program(BoxPlan plan, std::string& output);
  std::uint64_t next_ticket() { return ++ticket_; }
  RunReport wait(std::uint64_t ticket);
  // What the keeper told of refused calls so far.
  std::vector<Refusal>& refusals() { return refusals_; }
  void wait_for_refusals();

 private:
  std::string folder_;
  HostFacts host_;
  std::optional<Keeper> keeper_;
  std::uint64_t ticket_ = 0;
  std::vector<Refusal> refusals_;
  std::optional<Background> background_;
};

// The text of the only text block.
std::string text_of(const RunReport& report);
// {"command": …} with what JSON needs escaped.
std::string bash_json(const std::string& command, int timeout_ms);
std::string json_string(const std::string& text);

}  // namespace glovebox::box::test
