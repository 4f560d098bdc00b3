#include "roles/seed.h"

#include <fcntl.h>

#include <format>
#include <vector>

#include "base/units.h"
#include "os/file.h"
#include "policy/normal_path.h"

namespace glovebox::roles {

namespace {

constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
constexpr unsigned kPrivate = 0700, kPrivateFile = 0600;
constexpr std::uint32_t kPermissions = 0777;
constexpr std::size_t kBlock = 256 * kKiB;

class Copier {
 public:
  explicit Copier(const CopyOwner& owner) : owner_(owner) {}

  Result<void> folder(int from, int to, std::size_t depth) {
    if (depth > kMaxSeedDepth) return Error(ErrorKind::limit, "the seed is too deep");
    for (const os::FolderEntry& entry : TRY(os::list_folder(from, kMaxSeedEntries)))
      TRY_CONTEXT(one(from, to, entry.name, depth), entry.name);
    return {};
  }

 private:
  Result<void> one(int from, int to, const std::string& name, std::size_t depth) {
    if (++entries_ > kMaxSeedEntries) return Error(ErrorKind::limit, "the seed has too many files");
    const os::FileFacts facts = TRY(os::facts_at(from, name));
    switch (facts.type) {
      case os::FileType::folder: {
        TRY(os::make_folder(to, name, kPrivate));
        const UniqueFd source = TRY(os::open_at(from, name, kFolder));
        const UniqueFd target = TRY(os::open_at(to, name, kFolder));
        TRY(folder(source.get(), target.get(), depth + 1));
        return finish(target.get(), facts.mode);
      }
      case os::FileType::regular:
        return file(from, to, name);
      case os::FileType::symlink:
        TRY(os::link_at(to, TRY(os::read_link_at(from, name)), name));
        return owner_.change ? os::change_owner_at(to, name, owner_.uid, owner_.gid)
                             : Result<void>();
      default:
        return Error(ErrorKind::denied, "a seed holds only files, folders and symbolic links");
    }
  }

  // What the name says may have become something else since it was looked at.
  Result<void> file(int from, int to, const std::string& name) {
    const UniqueFd source = TRY(os::open_at(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
    const os::FileFacts facts = TRY(os::facts_of(source.get()));
    if (facts.type != os::FileType::regular)
      return Error(ErrorKind::conflict, "it was exchanged while it was copied");
    const UniqueFd target = TRY(os::open_at(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                                            os::Resolve::anywhere, kPrivateFile));
    while (const std::size_t got = TRY(os::read_some(source.get(), block_.data(), block_.size()))) {
      bytes_ += got;
      if (bytes_ > kMaxSeedBytes) return Error(ErrorKind::limit, "the seed is too large");
      TRY(os::write_all(target.get(), {block_.data(), got}));
    }
    return finish(target.get(), facts.mode);
  }

  Result<void> finish(int fd, std::uint32_t mode) const {
    TRY(os::change_mode(fd, mode & kPermissions));
    if (owner_.change) TRY(os::change_owner(fd, owner_.uid, owner_.gid));
    return {};
  }

  CopyOwner owner_;
  std::vector<char> block_ = std::vector<char>(kBlock);
  std::size_t entries_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace

Result<void> copy_seed(const std::string& from, int to, const CopyOwner& owner) {
  const UniqueFd source = TRY(os::open_path(from, O_RDONLY | O_DIRECTORY));
  TRY(Copier(owner).folder(source.get(), to, 0));
  return os::sync_file_system(to);
}

Result<void> check_seed(const std::string& seed, const std::string& work) {
  if (policy::is_below(work, seed) || policy::is_below(seed, work))
    return Error(ErrorKind::denied,
                 std::format("the seed {} and the workspaces {} lie in each other", seed, work));
  TRY_CONTEXT(os::open_path(seed, O_RDONLY | O_DIRECTORY), "seed " + seed);
  return {};
}

}  // namespace glovebox::roles
