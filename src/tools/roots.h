// The folders that the file tools may reach: the workspace and its extra roots.
//
// Each root is an open directory; its path is only a name for it, the one the box shows. Paths
// are absolute and folded (no `.`, `..`, `//` or trailing slash). Roots may lie inside each other
// (`/workspace/skills`): the deepest one that holds a path decides, so a read-only root inside the
// writable workspace stays read-only.
//
// Does not protect against mounts: what is mounted below a root when the call starts is part of
// it for single files. Walks (glob, grep) do not cross a mount unless it is a root of its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace glovebox::tools {

constexpr std::string_view kWorkspacePath = "/workspace";

enum class RootAccess : std::uint8_t { read_only, read_write };

// Whether texts about paths outside speak of "other permitted directories" because of this root:
// memory stores are announced, `/outputs` is not.
enum class RootNaming : std::uint8_t { announced, silent };

struct Root {
  UniqueFd dir;      // O_PATH or O_RDONLY, O_DIRECTORY
  std::string path;  // as the box sees it
  RootAccess access = RootAccess::read_write;
  RootNaming naming = RootNaming::announced;
};

class Roots {
 public:
  // `host_workdir` is the worker's configured folder on the host, or empty: a path below it that
  // the model gives is taken as the same path below the workspace. Errors: invalid (a path that
  // is not absolute and folded, an invalid fd, two roots with one path).
  static Result<Roots> make(Root workspace, std::vector<Root> extra = {},
                            std::string host_workdir = {});

  const Root& workspace() const { return roots_.front(); }
  const std::vector<Root>& all() const { return roots_; }  // the workspace first
  const std::string& host_workdir() const { return host_workdir_; }
  bool has_announced_extra() const;

  // The deepest root that is `path` or holds it, by name; nullptr if none. `path` must be folded.
  const Root* holding(std::string_view path) const;
  // The root of exactly this path, or nullptr.
  const Root* at(std::string_view path) const;

 private:
  explicit Roots(std::vector<Root> roots, std::string host_workdir)
      : roots_(std::move(roots)), host_workdir_(std::move(host_workdir)) {}

  std::vector<Root> roots_;
  std::string host_workdir_;
};

// True if `path` is `root` or lies below it. Both folded.
bool is_within(std::string_view root, std::string_view path);

// `path` below `root` without a leading slash; empty for the root itself. Requires is_within.
std::string_view below(std::string_view root, std::string_view path);

}  // namespace glovebox::tools
