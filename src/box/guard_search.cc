#include "box/guard_search.h"

#include <algorithm>
#include <deque>
#include <format>
#include <set>
#include <string>
#include <utility>

#include "base/clock.h"
#include "os/dir_walk.h"
#include "os/file.h"

namespace glovebox::box {

namespace {

constexpr std::string_view kRepository = ".git";
// Holds many folders and hardly ever a repository.
constexpr std::string_view kPackages = "node_modules";

struct Folder {
  std::string path;  // empty: the workspace
  std::uint32_t depth = 0;
};

std::string below(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : std::format("{}/{}", path, name);
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
    std::ranges::sort(found_.names, {}, &GuardedName::path);
    return std::move(found_);
  }

 private:
  // What cannot be opened is told, as anywhere.
  Result<void> look_at_root(const std::string& path) {
    const auto opened = os::open_own_folder(workspace_, path);
    if (!opened) {
      if (!has_changed(opened.error())) found_.is_whole = false;
      return {};
    }
    if (!is_repository(opened->get())) return {};
    return guard(opened->get(), {path, static_cast<std::uint32_t>(parts_of(path).size())});
  }

  static bool is_repository(int fd) {
    return os::facts_at(fd, std::string(kRepository)).has_value();
  }

  Result<void> look_into(const Folder& folder) {
    const bool is_workspace = folder.depth == 0;
    if (!is_workspace && searched_++ >= kMaxFoldersSearched) return cut();
    const FolderCache::Folder* const known =
        cache_ == nullptr || is_workspace ? nullptr : cache_->find(workspace_, folder.path);
    if (known != nullptr && !known->is_repository) {
      if (is_deep_ && folder.depth < kMaxRepositoryDepth) add_folders(folder, known->folders);
      return {};
    }
    auto opened = os::open_own_folder(workspace_, is_workspace ? "." : folder.path);
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
    for (const GuardRule& rule : rules_) {
      if (root.depth == 0 || rule.reach == Reach::repositories) TRY(find(fd, root, rule));
    }
    return {};
  }

  Result<void> find(int root_fd, const Folder& root, const GuardRule& rule) {
    UniqueFd here = TRY(os::duplicate(root_fd));
    std::string path = root.path;
    const std::vector<std::string_view> parts = parts_of(rule.name);
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const std::string name(parts[i]);
      const auto facts = os::facts_at(here.get(), name);
      if (!facts) return absent(facts.error());
      path = below(path, name);
      if (facts->type != os::FileType::folder) return add(here.get(), name, path, root, rule);
      auto next = os::open_own_folder(here.get(), name);
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

  Result<void> find_all(int fd, const std::string& path, const Folder& root, const GuardRule& rule,
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

  Result<void> add(int folder, const std::string& name, std::string path, const Folder& root,
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
                            root.depth == 0 ? std::string() : below(root.path, kRepository),
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
  std::set<std::pair<std::string, Protection>> known_;
  std::set<std::string> guarded_;  // roots
  std::size_t searched_ = 0, entries_ = 0;
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
