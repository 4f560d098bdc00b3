#include "box/guard_search.h"

#include <fcntl.h>

#include <algorithm>
#include <deque>
#include <format>
#include <ranges>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "os/dir_walk.h"
#include "os/file.h"

namespace glovebox::box {

namespace {

constexpr std::string_view kRepository = ".git";
constexpr std::string_view kInGit = ".git/";
// Where a repository keeps those of its submodules and of its further worktrees, each a folder with
// a configuration and hooks like its own. gitrepository-layout(5)
constexpr std::string_view kModules = "modules";
constexpr std::string_view kWorktrees = "worktrees";
constexpr std::string_view kObjects = "objects";
// Holds many folders and hardly ever a repository.
constexpr std::string_view kPackages = "node_modules";

struct Folder {
  std::string path;  // empty: the workspace
  std::uint32_t depth = 0;
};

std::string below(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : std::format("{}/{}", path, name);
}

// What `objects` of a repository holds: no repository lies in it, and there are hundreds.
bool is_object_store(std::string_view name) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  return name == "pack" || name == "info" ||
         (name.size() == 2 && name.find_first_not_of(kDigits) == std::string_view::npos);
}

bool has(int fd, std::string_view name) {
  return os::facts_at(fd, std::string(name)).has_value();
}

// What vanishes or turns into something else while it is looked at is seen by the next search.
bool has_changed(const Error& error) {
  return error.kind() == ErrorKind::not_found || errno_name(error.error_number()) == "ENOTDIR" ||
         errno_name(error.error_number()) == "ELOOP";
}

class Search {
 public:
  Search(int workspace, const std::vector<GuardRule>& rules, std::size_t most, FolderCache* cache,
         const GuardRoots* roots)
      : workspace_(workspace),
        rules_(rules),
        most_(most),
        cache_(cache),
        roots_(roots),
        now_ns_(SystemClock().wall().microseconds * 1000),
        buffer_(os::kDirectoryBuffer),
        is_deep_(std::ranges::any_of(
            rules, [](const GuardRule& rule) { return rule.reach == Reach::repositories; })) {}

  Result<GuardSearch> run() {
    const auto searched = search_all();
    shut_again();
    TRY(searched);
    std::ranges::sort(found_.names, {}, &GuardedName::path);
    return std::move(found_);
  }

 private:
  // A folder that was let in, and what it was before.
  struct Shut {
    std::string path;
    FileIdentity identity;
    std::uint32_t mode = 0;
  };

  Result<void> search_all() {
    TRY(look_into({}));
    if (is_deep_ && roots_ != nullptr)
      for (const std::string& path : roots_->paths()) TRY(look_at_root(path));
    for (;;) {
      if (folders_.empty()) std::swap(folders_, packages_);
      if (folders_.empty()) break;
      const Folder folder = std::move(folders_.front());
      folders_.pop_front();
      TRY(look_into(folder));
    }
    return {};
  }

  Result<UniqueFd> enter(int folder, const std::string& name, const std::string& path) {
    os::OwnFolder entered = TRY(os::enter_own_folder(folder, name));
    if (entered.shut_mode && !path.empty()) {
      const os::FileFacts facts = TRY(os::facts_of(entered.folder.get()));
      shut_.push_back({path, {facts.device, facts.inode}, *entered.shut_mode});
    }
    return std::move(entered.folder);
  }

  // What was shut is shut again, the innermost first, unless something guarded lies in it, which
  // the box has to mount. What was exchanged or changed meanwhile stays as it is.
  void shut_again() {
    for (const Shut& shut : std::views::reverse(shut_)) {
      const std::string inside = shut.path + "/";
      if (std::ranges::any_of(found_.names,
                              [&](const auto& name) { return name.path.starts_with(inside); }))
        continue;
      const auto opened = os::open_at(workspace_, shut.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
                                      os::Resolve::beneath_no_symlinks);
      if (!opened) continue;
      const auto facts = os::facts_of(opened->get());
      if (facts && FileIdentity{facts->device, facts->inode} == shut.identity &&
          facts->mode == (shut.mode | 0700))
        (void)os::change_mode(opened->get(), shut.mode);
    }
  }

  // What cannot be opened is told, as anywhere.
  Result<void> look_at_root(const std::string& path) {
    const auto opened = enter(workspace_, path, path);
    if (!opened) {
      if (!has_changed(opened.error())) found_.is_whole = false;
      return {};
    }
    if (!is_repository(opened->get())) return {};
    return guard(opened->get(), {path, static_cast<std::uint32_t>(parts_of(path).size())});
  }

  static bool is_repository(int fd) { return has(fd, kRepository); }

  Result<void> look_into(const Folder& folder) {
    const bool is_workspace = folder.depth == 0;
    if (!is_workspace && searched_++ >= kMaxFoldersSearched) return cut();
    const FolderCache::Folder* const known =
        cache_ == nullptr || is_workspace ? nullptr : cache_->find(workspace_, folder.path);
    if (known != nullptr && !known->is_repository) {
      if (is_deep_ && folder.depth < kMaxRepositoryDepth) add_folders(folder, known->folders);
      return {};
    }
    auto opened = enter(workspace_, is_workspace ? "." : folder.path, folder.path);
    if (!opened && is_workspace) return std::move(opened).error();
    if (!opened) {
      if (!has_changed(opened.error())) found_.is_whole = false;
      return {};
    }
    FolderCache::Folder read;
    read.stamp = TRY(os::stamp_at(opened->get(), ""));
    read.is_repository = is_repository(opened->get());
    if (is_workspace || read.is_repository) TRY(guard(opened->get(), folder));
    if (!is_deep_ || folder.depth >= kMaxRepositoryDepth) {
      // Not read, hence nothing to remember but that it is no repository.
      if (is_deep_) remember(folder, std::move(read));
      return {};
    }
    if (!TRY(read_folders(opened->get(), read.folders))) return cut();
    add_folders(folder, read.folders);
    remember(folder, std::move(read));
    return {};
  }

  void remember(const Folder& folder, FolderCache::Folder&& read) {
    if (cache_ != nullptr && folder.depth > 0) cache_->add(folder.path, std::move(read), now_ns_);
  }

  void add_folders(const Folder& folder, const std::vector<std::string>& names) {
    for (const std::string& name : names)
      (name == kPackages ? packages_ : folders_)
          .push_back({below(folder.path, name), folder.depth + 1});
  }

  // False: there is more than is looked at.
  Result<bool> read_folders(int fd, std::vector<std::string>& names) {
    os::DirectoryReader reader(fd, buffer_);
    for (;;) {
      const auto entry = TRY(reader.next());
      if (!entry) return true;
      if (++entries_ > kMaxEntriesSearched) return false;
      bool is_folder = entry->kind == os::EntryKind::directory;
      if (entry->kind == os::EntryKind::unknown) {
        const auto facts = os::facts_at(fd, std::string(entry->name));
        is_folder = facts && facts->type == os::FileType::folder;
      }
      if (is_folder && entry->name != kRepository) names.emplace_back(entry->name);
    }
  }

  // Enough was looked at.
  Result<void> cut() {
    found_.is_whole = false;
    folders_.clear();
    packages_.clear();
    return {};
  }

  Result<void> guard(int fd, const Folder& root) {
    if (root.depth > 0) {
      if (!guarded_.insert(root.path).second) return {};
      found_.roots.push_back(root.path);
    }
    const Root at{root.path, root.depth,
                  root.depth == 0 ? std::string() : below(root.path, kRepository)};
    bool is_in_git = false;
    for (const GuardRule& rule : rules_) {
      if (!reaches(rule, root)) continue;
      TRY(find(fd, at, rule, rule.name));
      is_in_git = is_in_git || rule.name.starts_with(kInGit);
    }
    return is_in_git ? guard_git_folders(fd, root) : Result<void>();
  }

  static bool reaches(const GuardRule& rule, const Folder& root) {
    return root.depth == 0 || rule.reach == Reach::repositories;
  }

  struct GitFolder {
    std::string path;
    bool is_worktree = false;
  };

  // What rules say of `.git` they say of every other git folder in it. More than is looked at is an
  // error: nothing may hide there.
  Result<void> guard_git_folders(int root_fd, const Folder& root) {
    const std::string git = below(root.path, kRepository);
    std::deque<GitFolder> todo;
    for (const std::string_view area : {kModules, kWorktrees})
      if (has(root_fd, std::format("{}{}", kInGit, area))) todo.push_back({below(git, area)});
    while (!todo.empty()) {
      const GitFolder folder = std::move(todo.front());
      todo.pop_front();
      if (++git_folders_ > kMaxGitFolders) return too_many_git_folders(git);
      const auto opened = os::open_own_folder(workspace_, folder.path);
      if (!opened) {
        if (!has_changed(opened.error())) found_.is_whole = false;
        continue;
      }
      TRY(guard_git_folder(opened->get(), folder, root));
      std::vector<std::string> names;
      if (!TRY(read_folders(opened->get(), names))) return too_many_git_folders(git);
      const bool holds_worktrees = folder.path.ends_with(std::format("/{}", kWorktrees));
      const bool holds_objects = folder.path.ends_with(std::format("/{}", kObjects));
      for (const std::string& name : names)
        if (!holds_objects || !is_object_store(name))
          todo.push_back({below(folder.path, name), holds_worktrees});
    }
    return {};
  }

  Result<void> guard_git_folder(int fd, const GitFolder& folder, const Folder& root) {
    const bool has_objects = has(fd, kObjects);
    if (!has_objects && !folder.is_worktree &&
        !(has(fd, "HEAD") && (has(fd, "config") || has(fd, "commondir"))))
      return {};
    const Root at{folder.path, static_cast<std::uint32_t>(parts_of(folder.path).size()),
                  has_objects          ? below(folder.path, kObjects)
                  : folder.is_worktree ? std::string()
                                       : below(folder.path, "HEAD")};
    for (const GuardRule& rule : rules_)
      if (reaches(rule, root) && rule.name.starts_with(kInGit))
        TRY(find(fd, at, rule, std::string_view(rule.name).substr(kInGit.size())));
    return {};
  }

  static Error too_many_git_folders(const std::string& git) {
    return Error(
        ErrorKind::limit,
        std::format("{} holds more than {} folders of submodules and worktrees to look for "
                    "guarded names in\nhint: remove some of them",
                    git, kMaxGitFolders));
  }

  // A place that names of rules are looked for at.
  struct Root {
    std::string path;
    std::uint32_t depth = 0;
    std::string marker;
  };

  Result<void> find(int root_fd, const Root& root, const GuardRule& rule, std::string_view wanted) {
    UniqueFd here = TRY(os::duplicate(root_fd));
    std::string path = root.path;
    const std::vector<std::string_view> parts = parts_of(wanted);
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const std::string name(parts[i]);
      const auto facts = os::facts_at(here.get(), name);
      if (!facts) return absent(facts.error());
      path = below(path, name);
      if (facts->type != os::FileType::folder) return add(here.get(), name, path, root, rule);
      auto next = enter(here.get(), name, path);
      if (!next) return absent(next.error());
      here = std::move(*next);
    }
    const std::string last(parts.back());
    if (last.ends_with('*')) return find_all(here.get(), path, root, rule, last);
    return add(here.get(), last, below(path, last), root, rule);
  }

  static Result<void> absent(const Error& error) {
    if (has_changed(error)) return {};
    return error;
  }

  Result<void> find_all(int fd, const std::string& path, const Root& root, const GuardRule& rule,
                        const std::string& pattern) {
    // The folder of a root is read once more, by a descriptor with a place of its own.
    const UniqueFd again = TRY(os::open_own_folder(fd, "."));
    os::DirectoryReader reader(again.get(), buffer_);
    for (std::size_t seen = 0;; ++seen) {
      const auto entry = TRY(reader.next());
      if (!entry) return {};
      if (seen == kMaxEntriesMatched)
        return Error(ErrorKind::limit, std::format("{} holds more than {} names to match {} with",
                                                   path.empty() ? "the workspace" : path,
                                                   kMaxEntriesMatched, rule.name));
      if (!stands_for(pattern, entry->name)) continue;
      const std::string name(entry->name);
      TRY(add(fd, name, below(path, name), root, rule));
    }
  }

  Result<void> add(int folder, const std::string& name, std::string path, const Root& root,
                   const GuardRule& rule) {
    const auto facts = os::facts_at(folder, name);
    if (!facts) return absent(facts.error());
    const auto times = os::times_at(folder, name);
    if (!times) return absent(times.error());
    if (!known_.emplace(path, rule.protection).second) return {};
    if (found_.names.size() == most_) {
      found_.has_more = true;
      return {};
    }
    found_.names.push_back({std::move(path),
                            root.depth,
                            root.marker,
                            rule.protection,
                            facts->type,
                            {facts->device, facts->inode},
                            *times,
                            rule.rule});
    return {};
  }

  int workspace_;
  const std::vector<GuardRule>& rules_;
  std::size_t most_;
  FolderCache* cache_;
  const GuardRoots* roots_;
  std::int64_t now_ns_;  // not after anything that is read
  std::vector<char> buffer_;
  bool is_deep_;
  std::deque<Folder> folders_, packages_;
  std::vector<Shut> shut_;
  std::set<std::pair<std::string, Protection>> known_;
  std::set<std::string> guarded_;  // roots
  std::size_t searched_ = 0, entries_ = 0, git_folders_ = 0;
  GuardSearch found_;
};

}  // namespace

const FolderCache::Folder* FolderCache::find(int workspace, const std::string& path) const {
  const auto found = folders_.find(path);
  if (found == folders_.end()) return nullptr;
  const auto stamp = os::stamp_at(workspace, path);
  return stamp && *stamp == found->second.stamp ? &found->second : nullptr;
}

void FolderCache::add(const std::string& path, Folder folder, std::int64_t now_ns) {
  constexpr std::int64_t kSettledNs = std::chrono::nanoseconds(kSettled).count();
  folders_.erase(path);
  if (folder.stamp.changed_ns > now_ns - kSettledNs) return;
  if (folders_.size() >= kMost) folders_.clear();
  folders_.emplace(path, std::move(folder));
}

Result<GuardSearch> search_guarded(int workspace, const std::vector<GuardRule>& rules,
                                   std::size_t most, FolderCache* cache, const GuardRoots* roots) {
  return Search(workspace, rules, most, cache, roots).run();
}

}  // namespace glovebox::box
