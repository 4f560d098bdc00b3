#include "box/guard_sweep.h"

#include <fcntl.h>

#include <algorithm>
#include <format>
#include <utility>

#include "box/as_owner.h"
#include "box/guard_search.h"
#include "box/quarantine.h"
#include "os/file.h"

namespace glovebox::box {

namespace {

using ipc::Reader;
using ipc::Writer;

// Wanted of one search while things are taken away; then it is searched again.
constexpr std::size_t kFoundAtOnce = 4096;
constexpr int kMaxRounds = 64;

Result<UniqueFd> open_workspace(const GuardGround& ground) {
  return os::open_path(ground.workspace, O_PATH | O_DIRECTORY);
}

struct Found {
  GuardedNames names;  // that the watch does not know
  bool has_more = false;
};

// What one box can be told of.
bool is_too_much(const GuardedNames& names) {
  std::size_t bytes = 0;
  for (const GuardedName& name : names)
    bytes += name.path.size() + name.marker.size() + name.rule.size();
  return names.size() > kMaxGuardedNames || bytes > kMaxGuardedBytes;
}

void forget_unknown(GuardedNames& names, const GuardWatch& watch) {
  std::erase_if(names, [&](const GuardedName& name) {
    return name.protection == Protection::read_only && !watch.knows(name);
  });
}

// Whether calls made more names that are to be hidden than the next call could hide: then they go,
// or no call could run any more.
bool is_crowded(const GuardSearch& search, const GuardWatch& watch) {
  GuardedNames stay = search.names;
  forget_unknown(stay, watch);
  return search.has_more || is_too_much(stay);
}

Result<Found> find_unknown(const GuardGround& ground, int workspace, const GuardWatch& watch,
                           GuardReport& report) {
  GuardSearch search = TRY(as_owner(ground.ids, [&] {
    return search_guarded(workspace, watch.rules, watch.known.size() + kFoundAtOnce, ground.cache,
                          ground.roots);
  }));
  report.is_whole = report.is_whole && search.is_whole;
  const bool crowded = is_crowded(search, watch);
  std::erase_if(search.names, [&](const GuardedName& name) {
    return (name.protection == Protection::hidden && !crowded) || watch.knows(name);
  });
  return Found{std::move(search.names), search.has_more};
}

void tell(GuardReport& report, const GuardedName& name, Moved moved) {
  if (moved.fate == Fate::left) report.left = std::format("{}: {}", name.path, moved.place);
  if (report.names.size() < kMaxSweptNames)
    report.names.push_back({name.path, name.type, name.rule, std::move(moved)});
  else
    ++report.more;
}

// By somebody who acts as the owner. How many could be moved.
Result<std::size_t> move_all(int workspace, const GuardedNames& names, Quarantine& quarantine,
                             GuardReport& report) {
  std::size_t moved = 0;
  for (const GuardedName& name : names) {
    auto taken = quarantine.take(workspace, name.path);
    if (taken && !*taken) continue;  // gone, or it went with what it was in
    Moved what = taken ? std::move(**taken) : Moved{Fate::left, taken.error().message(), {}};
    if (what.fate != Fate::left) ++moved;
    tell(report, name, std::move(what));
  }
  TRY(quarantine.trim());
  return moved;
}

Result<void> sweep_all(const GuardGround& ground, const GuardWatch& watch, GuardReport& report) {
  const UniqueFd workspace = TRY(open_workspace(ground));
  for (int round = 0; round < kMaxRounds; ++round) {
    const Found found = TRY(find_unknown(ground, workspace.get(), watch, report));
    if (found.names.empty() && !found.has_more) return {};
    Quarantine quarantine = TRY(Quarantine::open(ground.session_fd, ground.ids));
    const std::size_t moved = TRY(as_owner(
        ground.ids, [&] { return move_all(workspace.get(), found.names, quarantine, report); }));
    if (!found.has_more) return {};
    if (moved == 0) return Error(ErrorKind::limit, "more names than can be looked at");
  }
  return Error(ErrorKind::limit, "more names than can be moved away");
}

}  // namespace

void GuardWatch::know(const GuardedNames& names) {
  known.clear();
  for (const GuardedName& name : names)
    known.insert({name.identity, name.times.born_ns, name.type, name.protection});
}

bool GuardWatch::knows(const GuardedName& name) const {
  return known.contains({name.identity, name.times.born_ns, name.type, name.protection});
}

Result<GuardedNames> look_for_guarded(const GuardGround& ground,
                                      const std::vector<GuardRule>& rules, const GuardWatch* watch,
                                      GuardRoots* roots) {
  const UniqueFd workspace = TRY(open_workspace(ground));
  const std::size_t most = watch == nullptr ? kMaxGuardedNames : watch->known.size() + kFoundAtOnce;
  GuardSearch search = TRY(as_owner(ground.ids, [&] {
    return search_guarded(workspace.get(), rules, most, ground.cache, ground.roots);
  }));
  if (roots != nullptr)
    for (const std::string& path : search.roots) roots->add(path);
  if (watch != nullptr) forget_unknown(search.names, *watch);
  if (search.has_more || is_too_much(search.names))
    return Error(ErrorKind::limit,
                 std::format("more than {} guarded names exist in the workspace, or their paths "
                             "are too long\nhint: remove some of them, or guard fewer names",
                             kMaxGuardedNames));
  return std::move(search.names);
}

void sweep(const GuardGround& ground, const GuardWatch& watch, GuardReport& report) {
  if (auto done = sweep_all(ground, watch, report); !done) report.left = done.error().message();
}

GuardReport sweep_at_the_end(GuardGround ground, GuestsAre guests) {
  GuardReport report;
  const auto file = os::open_at(ground.session_fd, kWatchFile, O_RDONLY | O_NOFOLLOW);
  if (!file && file.error().kind() == ErrorKind::not_found) return report;
  const auto watches = [&]() -> Result<std::vector<GuardWatch>> {
    if (!file) return file.error();
    return decode_watches(TRY(os::read_all(file->get(), kMaxWatchFile)));
  }();
  const auto roots = GuardRoots::load(ground.session_fd);
  if (!watches || !roots) {
    report.left = std::format("what is guarded cannot be read: {}",
                              (watches ? roots.error() : watches.error()).message());
    return report;
  }
  ground.roots = &*roots;
  std::string left;
  for (const GuardWatch& watch : *watches) {
    sweep(ground, watch, report);
    if (!report.left.empty()) left = report.left;
  }
  report.left = std::move(left);
  if (report.left.empty() && guests == GuestsAre::gone) {
    if (auto gone = os::remove_file(ground.session_fd, kWatchFile); !gone)
      report.left = gone.error().message();
  }
  return report;
}

bool is_anything_watched(int session_fd) {
  const auto file = os::open_at(session_fd, kWatchFile, O_PATH | O_NOFOLLOW);
  return file || file.error().kind() != ErrorKind::not_found;
}

std::string encode_watches(const std::vector<GuardWatch>& watches) {
  Writer writer;
  writer.number(static_cast<std::uint32_t>(watches.size()));
  for (const GuardWatch& watch : watches) {
    write_guard_rules(writer, watch.rules);
    writer.number(static_cast<std::uint32_t>(watch.known.size()));
    for (const GuardWatch::Known& known : watch.known)
      writer.number(known.identity.device)
          .number(known.identity.inode)
          .signed_number(known.born_ns)
          .number(static_cast<std::uint8_t>(known.type))
          .number(static_cast<std::uint8_t>(known.protection));
  }
  return writer.take();
}

Result<std::vector<GuardWatch>> decode_watches(std::string_view bytes) {
  Reader reader(bytes);
  std::vector<GuardWatch> watches;
  for (std::size_t left = TRY(reader.count()); left > 0; --left) {
    GuardWatch watch;
    watch.rules = TRY(read_guard_rules(reader));
    for (std::size_t more = TRY(reader.count()); more > 0; --more) {
      GuardWatch::Known known;
      known.identity.device = TRY(reader.number<std::uint64_t>());
      known.identity.inode = TRY(reader.number<std::uint64_t>());
      known.born_ns = TRY(reader.signed_number());
      known.type = TRY(reader.choice(os::FileType::other));
      known.protection = TRY(reader.choice(Protection::hidden));
      watch.known.insert(known);
    }
    watches.push_back(std::move(watch));
  }
  TRY(reader.finish());
  return watches;
}

}  // namespace glovebox::box
