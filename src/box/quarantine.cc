#include "box/quarantine.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <format>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "box/as_owner.h"
#include "os/file.h"

namespace glovebox::box {

namespace {

constexpr std::size_t kMaxListed = 1'000'000;
constexpr unsigned kPrivateFolder = 0700;
constexpr int kPlace = O_PATH | O_DIRECTORY | O_NOFOLLOW;
constexpr std::string_view kAside = "glovebox-quarantine-";

std::optional<std::uint64_t> number_of(std::string_view name) {
  std::uint64_t number = 0;
  const char* const end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data(), end, number);
  return error == std::errc{} && rest == end ? std::optional(number) : std::nullopt;
}

// Breadth first, until it is too much to be kept; over no link. Of several names that one file has,
// each counts.
TreeSize size_of(int folder, const std::string& name) {
  TreeSize size;
  const auto count = [&size](int at, const std::string& entry) {
    const auto facts = os::facts_at(at, entry);
    ++size.files;
    if (facts) size.bytes += facts->allocated;
    return facts && facts->type == os::FileType::folder;
  };
  std::deque<std::string> todo;
  if (count(folder, name)) todo.push_back(name);
  while (!todo.empty()) {
    const std::string path = std::move(todo.front());
    todo.pop_front();
    const auto opened = os::open_own_folder(folder, path);
    const auto entries = opened ? os::list_folder(opened->get(), kMaxQuarantinedFiles)
                                : Result<std::vector<os::FolderEntry>>(opened.error());
    if (!entries || size.files + entries->size() > kMaxQuarantinedFiles) {
      size.is_whole = false;
      return size;
    }
    for (const os::FolderEntry& entry : *entries)
      if (count(opened->get(), entry.name)) todo.push_back(path + "/" + entry.name);
  }
  return size;
}

bool is_too_large(const TreeSize& size) {
  return !size.is_whole || size.bytes > kMaxQuarantinedBytes || size.files > kMaxQuarantinedFiles;
}

bool is_refusal(const Error& error) {
  return error.kind() == ErrorKind::denied;
}

}  // namespace

Result<Quarantine> Quarantine::open(int session_fd, const IdMap& ids) {
  const auto made = os::make_folder(session_fd, kQuarantine, kPrivateFolder);
  if (!made && made.error().kind() != ErrorKind::exists) return Error(made.error());
  UniqueFd folder = TRY(os::open_at(session_fd, kQuarantine, kPlace));
  const os::FileFacts facts = TRY(os::facts_of(folder.get()));
  if (facts.uid != ids.outside_uid)
    TRY(os::change_owner_at(session_fd, kQuarantine, ids.outside_uid, ids.outside_gid));
  return Quarantine(std::move(folder));
}

Result<void> Quarantine::begin() {
  if (list_) return {};
  list_ = TRY(os::open_own_folder(folder_.get(), "."));
  for (const os::FolderEntry& entry : TRY(os::list_folder(list_.get(), kMaxListed)))
    last_ = std::max(last_, number_of(entry.name).value_or(0));
  return {};
}

// A guest may have taken its own right to move it away; that is no protection.
Result<void> Quarantine::rename(int parent, const std::string& name, const std::string& number) {
  auto moved = os::rename_at(parent, name, list_.get(), number, os::Replace::no);
  if (moved || !is_refusal(moved.error())) return moved;
  (void)os::let_owner_in(parent);
  if (const auto itself = os::open_at(parent, name, kPlace)) (void)os::let_owner_in(itself->get());
  return os::rename_at(parent, name, list_.get(), number, os::Replace::no);
}

Result<std::optional<Moved>> Quarantine::take(int workspace, const std::string& path) {
  TRY(begin());
  const std::size_t slash = path.rfind('/');
  const std::string above = slash == std::string::npos ? "." : path.substr(0, slash);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const auto parent = os::open_at(workspace, above, kPlace, os::Resolve::beneath_no_symlinks);
  if (!parent) {
    if (parent.error().kind() == ErrorKind::not_found) return std::optional<Moved>();
    return Error(parent.error());
  }
  Moved moved;
  const std::string number = std::format("{:06}", last_ + 1);
  const auto done = rename(parent->get(), name, number);
  if (done) {
    ++last_;
    moved.size = size_of(list_.get(), number);
    if (!is_too_large(moved.size)) {
      moved.fate = Fate::quarantined;
      moved.place = number;
      return std::optional(std::move(moved));
    }
    // Out of the workspace it is in any case; what cannot be removed stays there.
    moved.fate = os::remove_tree(list_.get(), number) ? Fate::removed : Fate::quarantined;
    if (moved.fate == Fate::quarantined) moved.place = number;
    return std::optional(std::move(moved));
  }
  if (done.error().kind() == ErrorKind::not_found) return std::optional<Moved>();
  // On another file system, or somebody else's: at least not under this name.
  SystemRandom random;
  const std::string aside = std::string(kAside) + random.hex(8);
  if (os::rename_at(parent->get(), name, parent->get(), aside, os::Replace::no)) {
    moved.fate = Fate::put_aside;
    moved.place = aside;
    moved.size = size_of(parent->get(), aside);
  } else if (os::remove_tree(parent->get(), name)) {
    moved.fate = Fate::removed;
  } else {
    moved.place = done.error().message();
  }
  return std::optional(std::move(moved));
}

Result<void> Quarantine::trim() {
  TRY(begin());
  std::vector<std::pair<std::uint64_t, std::string>> kept;
  for (os::FolderEntry& entry : TRY(os::list_folder(list_.get(), kMaxListed)))
    kept.emplace_back(number_of(entry.name).value_or(0), std::move(entry.name));
  std::ranges::sort(kept);
  for (std::size_t i = 0; i + kMaxQuarantined < kept.size(); ++i)
    TRY(os::remove_tree(list_.get(), kept[i].second));
  return {};
}

namespace {

// nullopt: there is none. What is done with it is done as its owner.
template <class Work>
auto with_quarantine(int session_fd, const Work& work) -> decltype(work(0)) {
  const auto place = os::open_at(session_fd, kQuarantine, kPlace);
  if (!place) {
    if (place.error().kind() == ErrorKind::not_found) return {};
    return Error(place.error());
  }
  const os::FileFacts facts = TRY(os::facts_of(place->get()));
  return as_owner(IdMap{.outside_uid = facts.uid, .outside_gid = facts.gid},
                  [&] { return work(place->get()); });
}

}  // namespace

Result<void> remove_quarantine(int session_fd) {
  TRY(with_quarantine(session_fd, [](int place) -> Result<void> {
    const UniqueFd folder = TRY(os::open_own_folder(place, "."));
    for (const os::FolderEntry& entry : TRY(os::list_folder(folder.get(), kMaxListed)))
      TRY(os::remove_tree(folder.get(), entry.name));
    return {};
  }));
  auto removed = os::remove_folder(session_fd, kQuarantine);
  if (!removed && removed.error().kind() == ErrorKind::not_found) return {};
  return removed;
}

Result<bool> is_anything_quarantined(int session_fd) {
  return with_quarantine(session_fd, [](int place) -> Result<bool> {
    const UniqueFd folder = TRY(os::open_own_folder(place, "."));
    return !TRY(os::list_folder(folder.get(), kMaxListed)).empty();
  });
}

}  // namespace glovebox::box
