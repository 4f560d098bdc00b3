#include "tools/walk.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "os/beneath.h"
#include "os/dir_walk.h"
#include "tools/limits.h"

namespace glovebox::tools {
namespace {

struct Entry {
  std::string name;
  bool is_folder = false;
};

class Walk {
 public:
  Walk(int start, const WalkLimits& limits, const WalkVisitor& visitor)
      : start_(start), limits_(limits), visitor_(visitor), buffer_(os::kDirectoryBuffer) {}

  WalkEnd run() {
    open_.push_back(Folder{});
    while (!open_.empty() && !is_over_) {
      const Folder folder = std::move(open_.back());
      open_.pop_back();
      visit(folder);
    }
    return end_;
  }

 private:
  struct Folder {
    std::string parent;
    std::string name;  // empty: the start
    std::size_t depth = 0;
  };

  // Files of a folder come before its subfolders.
  void visit(const Folder& folder) {
    if (!folder.name.empty() && !visitor_.enters(folder.parent, folder.name)) return;
    const std::string path = joined_path(folder.parent, folder.name);
    if (path.size() > kMaxPathBytes) {
      end_.is_cut = true;
      return;
    }
    const auto opened = os::open_beneath(start_, path, os::BeneathOpen::read_directory);
    // A guarded folder is a mount of the same file system; another one's is not entered.
    if (!opened || !is_of_start(opened->get())) {
      ++end_.unreadable;
      return;
    }
    const std::vector<Entry> entries = read(opened->get());
    for (const Entry& entry : entries) {
      if (entry.is_folder) continue;
      if (!visitor_.file(opened->get(), path, entry.name)) {
        is_over_ = true;
        return;
      }
    }
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      if (!entry->is_folder || is_never_searched(entry->name)) continue;
      if (folder.depth >= limits_.max_depth) {
        end_.is_cut = true;
        continue;
      }
      open_.push_back(Folder{path, entry->name, folder.depth + 1});
    }
  }

  std::vector<Entry> read(int folder) {
    std::vector<Entry> entries;
    os::DirectoryReader reader(folder, buffer_);
    for (;;) {
      const auto next = reader.next();
      if (!next) {
        ++end_.unreadable;
        break;
      }
      if (!*next) break;
      if (seen_ >= limits_.max_entries) {
        end_.is_cut = true;
        break;
      }
      ++seen_;
      os::EntryKind kind = (*next)->kind;
      if (kind == os::EntryKind::unknown) kind = asked_kind(folder, (*next)->name);
      if (kind == os::EntryKind::regular || kind == os::EntryKind::directory) {
        entries.push_back({std::string((*next)->name), kind == os::EntryKind::directory});
      }
    }
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.name < b.name; });
    return entries;
  }

  bool is_of_start(int folder) {
    const auto status = os::file_status(folder);
    if (!device_) {
      const auto start = os::file_status(start_);
      if (start) device_ = start->device;
    }
    return status && device_ == status->device;
  }

  static os::EntryKind asked_kind(int folder, std::string_view name) {
    const auto status = os::status_at(folder, name);
    if (!status) return os::EntryKind::other;
    if (status->kind == os::FileStatus::Kind::regular) return os::EntryKind::regular;
    if (status->kind == os::FileStatus::Kind::directory) return os::EntryKind::directory;
    return os::EntryKind::other;
  }

  int start_;
  std::optional<std::uint64_t> device_;  // of the start
  const WalkLimits& limits_;
  const WalkVisitor& visitor_;
  std::vector<char> buffer_;
  std::vector<Folder> open_;  // the next one last
  std::uint64_t seen_ = 0;
  bool is_over_ = false;
  WalkEnd end_;
};

}  // namespace

bool is_never_searched(std::string_view name) {
  return name == ".git" || name == "node_modules";
}

std::string joined_path(std::string_view parent, std::string_view name) {
  std::string path(parent);
  if (!path.empty() && !name.empty()) path += '/';
  path += name;
  return path;
}

WalkEnd walk_files(int start, const WalkLimits& limits, const WalkVisitor& visitor) {
  return Walk(start, limits, visitor).run();
}

}  // namespace glovebox::tools
