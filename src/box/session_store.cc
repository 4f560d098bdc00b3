#include "box/session_store.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <format>
#include <optional>
#include <string>
#include <utility>

#include "os/file.h"

namespace glovebox::box {

namespace {

constexpr const char* kState = "state";
constexpr const char* kOutputFolder = "outputs";
constexpr const char* kPendingFolder = "pending";
constexpr std::size_t kMaxFiles = 1'000'000;
constexpr unsigned kPrivateFolder = 0700;
constexpr unsigned kSharedFolder = 0755;
constexpr unsigned kPrivateFile = 0600;
constexpr unsigned kSharedFile = 0644;

Result<UniqueFd> open_folder(int parent, const std::string& name) {
  return os::open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
                     os::Resolve::beneath_no_symlinks);
}

Result<UniqueFd> open_or_make_folder(int parent, const std::string& name, unsigned mode) {
  auto made = os::make_folder(parent, name, mode);
  if (!made && made.error().kind() != ErrorKind::exists) return std::move(made).error();
  auto folder = open_folder(parent, name);
  if (!folder && folder.error().kind() != ErrorKind::not_found) {
    return Error(ErrorKind::denied, std::format("{} is not a folder of glovebox", name));
  }
  if (folder && made) TRY(os::change_mode(folder->get(), mode));  // whatever the umask was
  return folder;
}

constexpr std::string_view kCutEnding = ".txt";
constexpr std::string_view kLateEnding = ".late.txt";

// `17.txt` and `17.late.txt` are 17; nullopt for any other name.
std::optional<std::uint64_t> output_number(std::string_view name) {
  std::uint64_t number = 0;
  const char* const end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data(), end, number);
  const std::string_view ending(rest, end);
  if (error != std::errc{} || (ending != kCutEnding && ending != kLateEnding)) return std::nullopt;
  return number;
}

struct KeptOutput {
  std::uint64_t number = 0;
  std::string name;
};

// Oldest first.
Result<std::vector<KeptOutput>> kept_outputs(int folder) {
  std::vector<KeptOutput> kept;
  for (os::FolderEntry& entry : TRY(os::list_folder(folder, kMaxFiles))) {
    if (const auto number = output_number(entry.name)) kept.push_back({*number, entry.name});
  }
  std::sort(kept.begin(), kept.end(),
            [](const KeptOutput& a, const KeptOutput& b) { return a.number < b.number; });
  return kept;
}

}  // namespace

Result<SessionStore> SessionStore::open(int sessions_fd, std::string_view session) {
  UniqueFd folder = TRY_CONTEXT(
      open_or_make_folder(sessions_fd, folder_name(session), kPrivateFolder), "session folder");
  TRY_CONTEXT(open_or_make_folder(folder.get(), kOutputFolder, kSharedFolder), "outputs folder");
  UniqueFd pending = TRY_CONTEXT(open_or_make_folder(folder.get(), kPendingFolder, kPrivateFolder),
                                 "pending folder");
  // What an earlier process was killed over.
  TRY_CONTEXT(os::remove_unfinished(folder.get(), kMaxFiles), "session folder");
  return SessionStore(std::move(folder),
                      TRY_CONTEXT(PendingResults::open(std::move(pending)), "pending folder"));
}

Result<std::string> SessionStore::load_shell_state() const {
  auto file = os::open_at(fd_.get(), kState, O_RDONLY | O_NOFOLLOW);
  if (!file) {
    if (file.error().kind() == ErrorKind::not_found) return std::string();
    return std::move(file).error();
  }
  std::string state = TRY(os::read_all(file->get(), kMaxShellState));
  // A power cut can leave zeros; a state has none.
  if (state.contains('\0')) state.clear();
  return state;
}

Result<void> SessionStore::save_shell_state(std::string_view state) const {
  if (state.size() > kMaxShellState) return Error(ErrorKind::limit, "shell state is too large");
  return os::swap_file(fd_.get(), kState, state, kPrivateFile);
}

Result<void> SessionStore::remove_shell_state() const {
  return os::remove_tree(fd_.get(), kState);
}

Result<SessionStore::OutputFile> SessionStore::create_output(OutputKind kind) const {
  const UniqueFd folder = TRY(open_folder(fd_.get(), kOutputFolder));
  const auto kept = TRY(kept_outputs(folder.get()));
  const std::uint64_t next = kept.empty() ? 1 : kept.back().number + 1;
  std::string name = std::format("{}{}", next, kind == OutputKind::cut ? kCutEnding : kLateEnding);
  UniqueFd file = TRY(os::open_at(folder.get(), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                                  os::Resolve::anywhere, kSharedFile));
  TRY(os::change_mode(file.get(), kSharedFile));
  return OutputFile{std::move(file), std::move(name)};
}

Result<std::size_t> SessionStore::trim_outputs() const {
  const UniqueFd folder = TRY(open_folder(fd_.get(), kOutputFolder));
  const auto kept = TRY(kept_outputs(folder.get()));
  std::uint64_t total = 0;
  std::size_t removed = 0;
  // From the newest: what does not fit any more goes, and everything older.
  for (auto output = kept.rbegin(); output != kept.rend(); ++output) {
    total += TRY(os::facts_at(folder.get(), output->name)).size;
    if (total <= kOutputsQuota) continue;
    TRY(os::remove_file(folder.get(), output->name));
    ++removed;
  }
  return removed;
}

}  // namespace glovebox::box
