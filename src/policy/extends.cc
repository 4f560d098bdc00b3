#include "policy/extends.h"

#include <algorithm>
#include <format>
#include <vector>

#include "policy/suggestion.h"

namespace glovebox::policy {

namespace {

using Parts = std::map<std::string, ProfilePart>;

void report_undefined(DocumentReader& reader, const Parts& parts, const ProfilePart& part) {
  std::vector<std::string_view> names;
  for (const auto& [name, _] : parts) names.push_back(name);
  reader.report(Code::undefined, part.own.origins.at("extends"),
                std::format("no profile named `{}`", *part.extends), nearest(*part.extends, names));
}

// Whether the chain from `part` upwards ends; what is wrong with it is noted at `part` only if it
// is this part's doing.
Chains check_chain(DocumentReader& reader, const Parts& parts, const ProfilePart& part) {
  int steps = 0;
  for (const ProfilePart* at = &part; at->extends; ++steps) {
    const auto parent = parts.find(*at->extends);
    if (parent == parts.end()) {
      if (at == &part) report_undefined(reader, parts, part);
      return Chains::broken;
    }
    at = &parent->second;
    if (at == &part) {
      reader.report(
          Code::bad_extends, part.own.origins.at("extends"),
          std::format("profile `{}` extends itself, through {} other profiles", part.name, steps),
          "a chain of profiles ends at one that extends none");
      return Chains::broken;
    }
    // A cycle that this part leads to but is not in is noted at those that are.
    if (steps > static_cast<int>(parts.size())) return Chains::broken;
  }
  if (steps <= kMaxExtends) return Chains::sound;
  reader.report(Code::bad_extends, part.own.origins.at("extends"),
                std::format("profile `{}` has {} ancestors, at most {} are followed", part.name,
                            steps, kMaxExtends));
  return Chains::broken;
}

void check_mounts(DocumentReader& reader, const Parts& parts, const ProfilePart& part) {
  for (const ProfilePart* above = &part; above->extends;) {
    above = &parts.at(*above->extends);
    for (const Mount& mount : part.own.mounts) {
      const auto other = std::ranges::find(above->own.mounts, mount.at, &Mount::at);
      if (other == above->own.mounts.end() || mount.mode == MountMode::hide ||
          other->mode == MountMode::hide)
        continue;
      const bool fresh = mount.mode == MountMode::tmpfs;
      if (fresh == (other->mode == MountMode::tmpfs) &&
          mount.from.value_or(mount.at) == other->from.value_or(other->at))
        continue;
      reader.report(Code::conflict, mount.origin,
                    std::format("`{}` is something else in profile `{}`, line {}", mount.at,
                                above->name, other->origin.line),
                    "rights of a chain add up: one place can be only one thing");
    }
  }
}

bool writes_workspace(const Parts& parts, const ProfilePart& part) {
  constexpr std::string_view kWorkspace = "@workspace";
  bool writes = false;
  for (const ProfilePart* at = &part; at != nullptr;
       at = at->extends ? &parts.at(*at->extends) : nullptr) {
    for (const Mount& mount : at->own.mounts)
      writes = writes || (mount.at == kWorkspace && mount.mode == MountMode::read_write);
    if (std::ranges::contains(at->own.deny.paths, kWorkspace, &Deny::Item<std::string>::value))
      return false;
  }
  return writes;
}

bool is_in_chain(const Parts& parts, const ProfilePart& part, const ProfilePart& of) {
  for (const ProfilePart* at = &of; at != &part; at = &parts.at(*at->extends))
    if (!at->extends) return false;
  return true;
}

// A guard keeps what is in a workspace from being changed: in the profile itself, or in one that
// extends it. Dates are not looked at.
void check_guard(DocumentReader& reader, const Parts& parts, const ProfilePart& part) {
  if (part.own.guard.empty()) return;
  const bool guards = std::ranges::any_of(parts, [&](const auto& entry) {
    return is_in_chain(parts, part, entry.second) && writes_workspace(parts, entry.second);
  });
  if (guards) return;
  reader.report(Code::inert, part.own.origins.at("guard"),
                std::format("`guard` has no effect here: neither profile `{}` nor one that extends "
                            "it can write to the workspace",
                            part.name),
                "mount = [ { at = \"@workspace\", mode = \"rw\" } ], or no guard");
}

}  // namespace

Chains check_extends(DocumentReader& reader, const Parts& parts) {
  Chains all = Chains::sound;
  for (const auto& [name, part] : parts)
    if (check_chain(reader, parts, part) == Chains::broken) all = Chains::broken;
  if (all == Chains::broken) return all;
  for (const auto& [name, part] : parts) check_mounts(reader, parts, part);
  // What is wrong with a mount may be why there is none.
  if (reader.clean())
    for (const auto& [name, part] : parts) check_guard(reader, parts, part);
  return all;
}

}  // namespace glovebox::policy
