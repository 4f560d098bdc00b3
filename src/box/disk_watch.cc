#include "box/disk_watch.h"

#include <fcntl.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "os/file.h"
#include "os/identity.h"
#include "os/process.h"
#include "os/space.h"

namespace glovebox::box {

namespace {

constexpr int kBroken = 70;
constexpr std::size_t kMostEntries = 10'000'000;

struct Level {
  UniqueFd folder;
  std::vector<std::string> rest;  // folders in it that were not visited yet
};

constexpr std::size_t kDeepest = 200;  // open descriptors at one time

// Beyond the limit, so that it shows whether a session that is over it gives something back.
std::uint64_t count_up_to(std::uint64_t limit) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 62;
  return 2 * std::min(limit, kMost) + 1;
}

}  // namespace

Result<DiskUse> disk_use(int folder, std::uint64_t enough) {
  const std::uint64_t device = TRY(os::facts_of(folder)).device;
  DiskUse use;
  std::vector<Level> levels;
  const auto enter = [&](UniqueFd opened) -> void {
    Level level{std::move(opened), {}};
    auto entries = os::list_folder(level.folder.get(), kMostEntries);
    if (!entries) {
      use.complete = false;
      return;
    }
    for (os::FolderEntry& entry : *entries) {
      const auto facts = os::facts_at(level.folder.get(), entry.name);
      if (!facts && facts.error().kind() != ErrorKind::not_found) use.complete = false;
      if (!facts || facts->device != device) continue;
      use.bytes += std::max(facts->allocated, kNameCost);
      if (facts->type == os::FileType::folder) level.rest.push_back(std::move(entry.name));
    }
    levels.push_back(std::move(level));
  };
  enter(TRY(os::open_at(folder, ".", O_RDONLY | O_DIRECTORY)));
  while (!levels.empty() && use.bytes < enough) {
    if (levels.back().rest.empty()) {
      levels.pop_back();
      continue;
    }
    const std::string name = std::move(levels.back().rest.back());
    levels.back().rest.pop_back();
    if (levels.size() >= kDeepest) {
      use.complete = false;
      continue;
    }
    auto next = os::open_at(levels.back().folder.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (next) {
      enter(std::move(*next));
    } else if (next.error().kind() != ErrorKind::not_found) {
      use.complete = false;
    }
  }
  return use;
}

std::optional<DiskWatch::Space> DiskWatch::space() const {
  const auto folder = os::open_path(workspace_, O_PATH | O_DIRECTORY);
  if (!folder) return std::nullopt;
  const auto space = os::space_of(folder->get());
  if (!space) return std::nullopt;
  const auto names = os::free_names(folder->get());
  if (!names) return std::nullopt;
  const auto fell = [](std::uint64_t from, std::uint64_t to) { return from > to ? from - to : 0; };
  return Space{space->free_bytes, *names,
               fell(free_, space->free_bytes) + fell(free_names_, *names) * kNameCost};
}

void DiskWatch::begin(std::uint64_t limit, const IdMap& ids) {
  const auto now = space();
  if (!now) return;
  if (!begun_) {
    begun_ = true;
    free_ = now->bytes;
    free_names_ = now->names;
    return;
  }
  // What a session held before this process watched it is not known until it is counted.
  constexpr std::uint64_t kUncountedShare = 16;
  if (now->fallen > (counted_ ? left(limit) : limit / kUncountedShare))
    count_again(*now, limit, ids);
}

std::optional<DiskUse> DiskWatch::count(std::uint64_t limit, const IdMap& ids) const {
  auto folder = os::open_path(workspace_, O_PATH | O_DIRECTORY);
  if (!folder) return std::nullopt;
  const std::uint32_t uid = os::effective_uid();
  const std::uint32_t gid = os::effective_gid();
  const bool other = ids.outside_uid != uid || ids.outside_gid != gid;
  if (other && !os::act_as(ids.outside_uid, ids.outside_gid)) return std::nullopt;
  const auto used = disk_use(folder->get(), count_up_to(limit));
  if (other) {
    // Back, or not at all; and the kernel forgot the signal for the boxer's death.
    if (!os::act_as(uid, gid) || !os::die_with_parent()) os::exit_now(kBroken);
  }
  return used ? std::optional(*used) : std::nullopt;
}

void DiskWatch::count_again(const Space& now, std::uint64_t limit, const IdMap& ids) {
  const auto counted = count(limit, ids);
  const std::uint64_t most = used_ + now.fallen;
  if (!counted) {
    used_ = most;
  } else {
    used_ = counted->complete ? counted->bytes : std::max(counted->bytes, most);
  }
  free_ = now.bytes;
  free_names_ = now.names;
  counted_ = true;
  looks_ = 0;
}

DiskWatch::Verdict DiskWatch::look(std::uint64_t limit, const IdMap& ids) {
  const auto now = space();
  if (!now) return Verdict::fits;
  const bool overdue = ++looks_ >= kLooksToCount;
  if (counted_ && now->fallen <= left(limit) && !overdue) return Verdict::fits;
  const std::optional<std::uint64_t> before = counted_ ? std::optional(used_) : std::nullopt;
  count_again(*now, limit, ids);
  const bool grows = !before || used_ > *before || used_ >= count_up_to(limit);
  return used_ > limit && grows ? Verdict::too_much : Verdict::fits;
}

}  // namespace glovebox::box
