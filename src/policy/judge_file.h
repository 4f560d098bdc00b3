// What a profile says about a file, once it is known which mount it lies in. For judge.cc and
// decider.cc.
#pragma once

#include "policy/file_place.h"
#include "policy/judge.h"

namespace glovebox::policy {

inline Ruling denied(Reason reason, std::string_view subject = {}, const Origin* rule = nullptr) {
  return {false, reason, subject, rule, nullptr, nullptr};
}
inline Ruling allowed(Reason reason, std::string_view subject = {}, const Origin* rule = nullptr) {
  return {true, reason, subject, rule, nullptr, nullptr};
}

struct FileRights {
  bool write = false, exec = false;
};
inline FileRights rights_of(const FilePlace& place) {
  using enum FilePlace::Kind;
  switch (place.kind) {
    case nothing:
    case hidden:
    case configuration:
      return {};
    case system:
      return {.write = false, .exec = true};
    case device:
    case process_files:
    case scratch:
      return {.write = true, .exec = false};
    case FilePlace::Kind::mount:
      break;
  }
  return {
      .write = place.mount->mode == MountMode::read_write || place.mount->mode == MountMode::tmpfs,
      .exec = place.mount->exec == Exec::yes};
}

// `can_execute()`: whether the filter lets any program be started.
template <class CanExecute>
Ruling judge_at(const Profile& profile, const FileRequest& request, const FilePlace& place,
                const CanExecute& can_execute) {
  for (const auto& item : profile.deny.paths)
    if (covers(item.value, request.path))
      return denied(Reason::path_denied, item.value, &item.origin);
  if (request.act == FileAct::write)
    if (const Guard* guard = find_guard(profile, request.path))
      return denied(Reason::guarded, guard->name, &guard->origin);
  if (place.kind == FilePlace::Kind::nothing) return denied(Reason::nothing_there);
  if (place.kind == FilePlace::Kind::hidden) return denied(Reason::hidden, place.at, place.rule);
  const FileRights rights = rights_of(place);
  if (request.act == FileAct::write && !rights.write)
    return denied(Reason::read_only, place.at, place.rule);
  if (request.act == FileAct::exec && !rights.exec)
    return denied(Reason::not_executable, place.at, place.rule);
  if (request.act == FileAct::exec && !can_execute())
    return denied(Reason::no_exec_call, profile.syscalls, origin_of(profile, "syscalls"));
  return allowed(place.mount != nullptr ? Reason::in_mount : Reason::in_system, place.at,
                 place.rule);
}

}  // namespace glovebox::policy
