#include "roles/workspaces.h"

#include <fcntl.h>

#include <algorithm>
#include <format>
#include <utility>
#include <vector>

#include "box/session_store.h"
#include "os/file.h"
#include "os/identity.h"
#include "roles/seed.h"

namespace glovebox::roles {

namespace {

constexpr std::size_t kMaxFolders = 1'000'000;
constexpr std::uint32_t kNobody = 65534;
constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
constexpr unsigned kPrivate = 0700;
constexpr std::string_view kUnfinishedPrefix = ".new-";

std::string random_name(std::string_view prefix, Random& random) {
  constexpr std::size_t kRandomBytes = 8;
  return std::string(prefix) + random.hex(kRandomBytes);
}

}  // namespace

Workspaces::Workspaces(const BoxerSettings& settings, UniqueFd work)
    : path_(settings.work),
      mode_(settings.workspace),
      seed_(settings.seed),
      root_(settings.host.root),
      own_uid_(settings.host.uid),
      own_gid_(settings.host.gid),
      first_id_(settings.first_id),
      last_id_(settings.last_id),
      work_(std::move(work)) {}

Result<Workspaces> Workspaces::open(const BoxerSettings& settings) {
  const int flags = settings.workspace == WorkspaceMode::shared ? O_PATH | O_DIRECTORY : kFolder;
  Workspaces places(settings, TRY_CONTEXT(os::open_path(settings.work, flags), settings.work));
  if (!settings.seed.empty()) TRY(check_seed(settings.seed, settings.work));
  TRY(places.read_taken_ids());
  return places;
}

Result<void> Workspaces::read_taken_ids() {
  if (!root_ || mode_ == WorkspaceMode::shared) return {};
  std::set<std::uint32_t> taken;
  for (const os::FolderEntry& entry : TRY(os::list_folder(work_.get(), kMaxFolders))) {
    if (const auto facts = os::facts_at(work_.get(), entry.name)) taken.insert(facts->uid);
  }
  taken_ = std::move(taken);
  return {};
}

Result<std::uint32_t> Workspaces::free_id() const {
  for (std::uint32_t id = first_id_; id <= last_id_; ++id) {
    if (id != 0 && id != kNobody && !taken_.contains(id)) return id;
  }
  return Error(ErrorKind::limit,
               "every id of user_range is bound to a session's folder\n"
               "hint: remove old folders below the workspaces");
}

Result<box::IdMap> Workspaces::ids_of_shared() const {
  if (!root_) return box::IdMap{.outside_uid = own_uid_, .outside_gid = own_gid_};
  const os::FileFacts facts = TRY(os::facts_of(work_.get()));
  if (facts.uid == 0 || facts.uid == kNobody || facts.gid == 0)
    return Error(ErrorKind::denied,
                 std::format("{} belongs to user {} and group {}; a box never runs as root or "
                             "nobody\nhint: chown it to an ordinary user",
                             path_, facts.uid, facts.gid));
  return box::IdMap{.outside_uid = facts.uid, .outside_gid = facts.gid};
}

Result<void> Workspaces::give(int fd, std::uint32_t id) const {
  return os::change_owner(fd, id, id);
}

Result<Workspace> Workspaces::prepare(std::string_view session) {
  if (mode_ == WorkspaceMode::shared) return Workspace{path_, TRY(ids_of_shared())};
  const std::string name = box::folder_name(session);
  Workspace place{path_ + "/" + name, {}};
  const auto made = os::make_folder(work_.get(), name, kPrivate);
  if (!made && made.error().kind() != ErrorKind::exists) return Error(made.error());
  const UniqueFd folder = TRY(os::open_at(work_.get(), name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  if (!root_) {
    place.ids = {.outside_uid = own_uid_, .outside_gid = own_gid_};
    return place;
  }
  std::uint32_t id = TRY(os::facts_of(folder.get())).uid;
  if (made || id == own_uid_) {
    // A folder that is still ours was being prepared when an earlier boxer died.
    id = TRY(free_id());
    TRY(give(TRY(os::open_at(work_.get(), name, kFolder)).get(), id));
    taken_.insert(id);
  }
  if (id < first_id_ || id > last_id_)
    return Error(ErrorKind::denied, std::format("{} belongs to user {}, which is not one of "
                                                "user_range",
                                                place.path, id));
  place.ids = {.outside_uid = id, .outside_gid = id};
  return place;
}

Result<void> Workspaces::remove(std::string_view session) {
  if (mode_ == WorkspaceMode::shared) return {};
  const std::string name = box::folder_name(session);
  const auto facts = os::facts_at(work_.get(), name);
  if (!facts) return {};
  TRY(remove_as_owner(name));
  taken_.erase(facts->uid);
  return {};
}

Result<void> Workspaces::remove_as_owner(const std::string& name) const {
  if (!root_) return os::remove_tree(work_.get(), name);
  const os::FileFacts facts = TRY(os::facts_at(work_.get(), name));
  if (facts.uid == own_uid_) return os::remove_tree(work_.get(), name);
  // What is inside can only be removed by its owner; the folder itself stands in one of ours.
  TRY(os::act_as(facts.uid, facts.gid));
  const auto emptied = os::empty_tree(work_.get(), name);
  TRY(os::act_as(own_uid_, own_gid_));
  TRY(emptied);
  return os::remove_folder(work_.get(), name);
}

// --- the seed

bool Workspaces::wants_seed(std::string_view session) const {
  if (seed_.empty() || mode_ == WorkspaceMode::shared) return false;
  const auto facts = os::facts_at(work_.get(), box::folder_name(session));
  return !facts && facts.error().kind() == ErrorKind::not_found;
}

Result<Workspaces::Sowing> Workspaces::plan_sowing(std::string_view session, Random& random) {
  Sowing sowing{box::folder_name(session), random_name(kUnfinishedPrefix, random), 0};
  if (!root_) return sowing;
  sowing.id = TRY(free_id());
  taken_.insert(sowing.id);
  return sowing;
}

Result<void> Workspaces::sow(const Sowing& sowing) const {
  TRY(os::make_folder(work_.get(), sowing.unfinished, kPrivate));
  const UniqueFd folder = TRY(os::open_at(work_.get(), sowing.unfinished, kFolder));
  TRY_CONTEXT(copy_seed(seed_, folder.get(), {.change = root_, .uid = sowing.id, .gid = sowing.id}),
              "seed " + seed_);
  if (root_) TRY(give(folder.get(), sowing.id));
  TRY(os::rename_at(work_.get(), sowing.unfinished, work_.get(), sowing.name, os::Replace::no));
  return os::sync(work_.get());
}

// --- the way out

Result<void> Workspaces::put_away(const std::string& folder, Random& random) const {
  if (mode_ == WorkspaceMode::shared) return {};
  auto moved = os::rename_at(work_.get(), folder, work_.get(), random_name(kGonePrefix, random),
                             os::Replace::no);
  if (!moved && moved.error().kind() == ErrorKind::not_found) return {};
  return moved;
}

Result<void> Workspaces::put_away_unfinished(Random& random) const {
  if (mode_ == WorkspaceMode::shared) return {};
  for (const os::FolderEntry& entry : TRY(os::list_folder(work_.get(), kMaxFolders)))
    if (entry.name.starts_with(kUnfinishedPrefix)) TRY(put_away(entry.name, random));
  return {};
}

bool Workspaces::anything_to_clear() const {
  if (mode_ == WorkspaceMode::shared) return false;
  const auto entries = os::list_folder(work_.get(), kMaxFolders);
  return entries && std::ranges::any_of(*entries, [](const os::FolderEntry& entry) {
           return entry.name.starts_with(kGonePrefix);
         });
}

Result<void> Workspaces::clear() const {
  if (mode_ == WorkspaceMode::shared) return {};
  Result<void> first;
  for (const os::FolderEntry& entry : TRY(os::list_folder(work_.get(), kMaxFolders))) {
    if (!entry.name.starts_with(kGonePrefix)) continue;
    auto removed = remove_as_owner(entry.name);
    if (!removed && first) first = std::move(removed).error().with_context(entry.name);
  }
  return first;
}

}  // namespace glovebox::roles
