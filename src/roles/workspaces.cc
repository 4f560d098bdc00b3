#include "roles/workspaces.h"

#include <fcntl.h>

#include <format>
#include <utility>
#include <vector>

#include "box/session_store.h"
#include "os/file.h"
#include "os/identity.h"

namespace glovebox::roles {

namespace {

constexpr std::size_t kMaxFolders = 1'000'000;
constexpr std::uint32_t kNobody = 65534;
constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
constexpr unsigned kPrivate = 0700;

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
  if (!places.root_ || places.mode_ == WorkspaceMode::shared) return places;
  for (const os::FolderEntry& entry : TRY(os::list_folder(places.work_.get(), kMaxFolders))) {
    if (const auto facts = os::facts_at(places.work_.get(), entry.name))
      places.taken_.insert(facts->uid);
  }
  return places;
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
    if (made && !seed_.empty())
      TRY_CONTEXT(copy_seed(seed_, TRY(os::open_at(work_.get(), name, kFolder)).get(), {}), seed_);
    return place;
  }
  std::uint32_t id = TRY(os::facts_of(folder.get())).uid;
  if (made || id == own_uid_) {
    // A folder that is still ours was being prepared when an earlier boxer died.
    id = TRY(free_id());
    const UniqueFd open = TRY(os::open_at(work_.get(), name, kFolder));
    if (!seed_.empty())
      TRY_CONTEXT(copy_seed(seed_, open.get(), {.change = true, .uid = id, .gid = id}), seed_);
    TRY(give(open.get(), id));
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
  if (!root_) return os::remove_tree(work_.get(), name);
  const auto facts = os::facts_at(work_.get(), name);
  if (!facts) return {};
  if (facts->uid != own_uid_) {
    // What is inside can only be removed by its owner; the folder itself stands in one of ours.
    TRY(os::act_as(facts->uid, facts->gid));
    const auto emptied = [&]() -> Result<void> {
      const UniqueFd folder = TRY(os::open_at(work_.get(), name, kFolder));
      TRY(os::change_mode(folder.get(), kPrivate));
      for (const os::FolderEntry& entry : TRY(os::list_folder(folder.get(), kMaxFolders)))
        TRY(os::remove_tree(folder.get(), entry.name));
      return {};
    }();
    TRY(os::act_as(own_uid_, own_gid_));
    TRY(emptied);
    taken_.erase(facts->uid);
  }
  return os::remove_folder(work_.get(), name);
}

// --- seed

namespace {

class Copier {
 public:
  explicit Copier(const CopyOwner& owner) : owner_(owner) {}

  Result<void> folder(int from, int to) {
    for (const os::FolderEntry& entry : TRY(os::list_folder(from, kMaxSeedEntries)))
      TRY_CONTEXT(one(from, to, entry.name), entry.name);
    return {};
  }

 private:
  Result<void> one(int from, int to, const std::string& name) {
    if (++entries_ > kMaxSeedEntries) return Error(ErrorKind::limit, "the seed has too many files");
    const os::FileFacts facts = TRY(os::facts_at(from, name));
    switch (facts.type) {
      case os::FileType::folder: {
        TRY(os::make_folder(to, name, kPrivate));
        const UniqueFd source = TRY(os::open_at(from, name, kFolder));
        const UniqueFd target = TRY(os::open_at(to, name, kFolder));
        TRY(folder(source.get(), target.get()));
        return finish(target.get(), facts.mode);
      }
      case os::FileType::regular: {
        const UniqueFd source = TRY(os::open_at(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
        const UniqueFd target = TRY(os::open_at(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                                                os::Resolve::anywhere, 0600));
        std::vector<char> block(1 << 16);
        while (const std::size_t got =
                   TRY(os::read_some(source.get(), block.data(), block.size()))) {
          bytes_ += got;
          if (bytes_ > kMaxSeedBytes) return Error(ErrorKind::limit, "the seed is too large");
          TRY(os::write_all(target.get(), {block.data(), got}));
        }
        return finish(target.get(), facts.mode);
      }
      case os::FileType::symlink:
        return os::link_at(to, TRY(os::read_link_at(from, name)), name);
      default:
        return Error(ErrorKind::denied, "a seed holds only files, folders and symbolic links");
    }
  }

  // Not set-uid or set-gid, whatever the seed says.
  Result<void> finish(int fd, std::uint32_t mode) const {
    constexpr std::uint32_t kPermissions = 0777;
    TRY(os::change_mode(fd, mode & kPermissions));
    if (owner_.change) TRY(os::change_owner(fd, owner_.uid, owner_.gid));
    return {};
  }

  CopyOwner owner_;
  std::size_t entries_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace

Result<void> copy_seed(const std::string& from, int to, const CopyOwner& owner) {
  const UniqueFd source = TRY(os::open_path(from, kFolder));
  return Copier(owner).folder(source.get(), to);
}

}  // namespace glovebox::roles
