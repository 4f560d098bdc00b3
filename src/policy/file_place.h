// Which mount of a profile a path of the box lies in: the longest prefix decides, but what is
// hidden is hidden with all that is mounted below it.
//
// By name only: where a link leads is seen when the box runs, and the mount that it leads to
// decides there.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/hidden_places.h"
#include "policy/policy.h"

namespace glovebox::policy {

// What glovebox itself puts into every box.
struct FilePlace {
  enum class Kind {
    nothing,
    hidden,         // by the policy
    mount,          // of the policy
    system,         // the host's programs, or the image
    configuration,  // the part of /etc that programs need
    device,
    process_files,  // /proc
    scratch,        // /dev/shm
  } kind = Kind::nothing;
  const Mount* mount = nullptr;
  std::string_view at;           // the prefix that decided; into the profile or static
  const Origin* rule = nullptr;  // null for what no line of the policy gives
};

// The paths that glovebox gives to boxes itself.
std::vector<std::string_view> system_places();

// `path` is absolute and normal.
FilePlace find_place(const Profile& profile, std::string_view path);

// The same places by their paths: a path is looked up once for each of its parts. Points into the
// profile, which must outlive it.
class PlaceIndex {
 public:
  explicit PlaceIndex(const Profile& profile);
  FilePlace find(std::string_view path) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  HiddenPlaces hidden_;
  std::vector<const Mount*> patterns_;  // read-only ones
  std::unordered_map<std::string, FilePlace, Hash, std::equal_to<>> places_;
};

// `at` of a mount or a denial covers `path`: `@workspace` stands for /workspace, `@tmp` for /tmp, a
// pattern for what it names at the root of the workspace or of a repository in it.
bool covers(std::string_view at, std::string_view path);
// As a path of the box: `/workspace/a` for `@workspace/a`.
std::string box_path(std::string_view at);

// Where what is read at `path` comes from: a path of the host, `workspace:…`, `tmpfs`,
// `image:NAME`; empty if nothing is there.
std::string content_of(const Profile& profile, const FilePlace& place, std::string_view path);

// The guarded name that a write to `path` would change, at the root of the workspace or of any
// folder in it that may be a repository; null: none.
const Guard* find_guard(const Profile& profile, std::string_view path);

}  // namespace glovebox::policy
