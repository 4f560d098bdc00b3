// A plan that several calls have in common, with the bytes that it travels and is compared by.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "box/plan.h"

namespace glovebox::box {

class KnownPlan;
using PlanPtr = std::shared_ptr<const KnownPlan>;

class KnownPlan {
 public:
  static PlanPtr of(BoxPlan plan);
  // Errors: protocol.
  static Result<PlanPtr> decode(std::string_view bytes);

  const BoxPlan& plan() const { return plan_; }
  const std::string& bytes() const { return bytes_; }  // plan_wire.h
  // What is made once for a session: layers, ids, mounts, the host name. Two plans with the same
  // text may share a session's first process.
  const std::string& root() const { return root_; }
  // What a box is made of: all but the tool's name and the deciding rule. Two plans with the same
  // text may be served by the same box.
  const std::string& walls() const { return walls_; }
  // Whether a box of this plan may be made before its call is known. Not when a wall depends on
  // what lies in the workspace at the moment of the call (a name to hide, a mount below a folder
  // that calls write to), and not for programs.
  bool can_wait() const { return can_wait_; }

 private:
  KnownPlan(BoxPlan plan, std::string bytes);
  BoxPlan plan_;
  std::string bytes_, root_, walls_;
  bool can_wait_;
};

// The plans that came last, so that each is decoded once.
class KnownPlans {
 public:
  static constexpr std::size_t kKept = 8;
  // Errors: protocol.
  Result<PlanPtr> of(std::string_view bytes);

 private:
  std::vector<PlanPtr> plans_;  // the latest last
};

// In a folder that guests can write to they can move a mount with the folder that it lies in.
bool can_be_moved(const BoxPlan& plan, const MountEntry& entry);

}  // namespace glovebox::box
