#include "cli/git_blob.h"

#include <fcntl.h>

#include <array>
#include <format>
#include <utility>
#include <vector>

#include "cli/process_secrets.h"
#include "os/file.h"
#include "os/poller.h"
#include "os/process.h"

namespace glovebox::cli {

namespace {

constexpr std::uint64_t kMostComplaints = 65536;
constexpr std::array<const char*, 3> kPrograms = {"/usr/bin/git", "/usr/local/bin/git", "/bin/git"};

Result<UniqueFd> open_git() {
  for (const char* path : kPrograms)
    if (auto program = os::open_path(path, O_PATH)) return program;
  return Error(ErrorKind::not_found, "git is not installed here");
}

// Everything that comes, until the end, the limit or the time is reached.
Result<std::string> read_bounded(int fd, std::uint64_t limit, const Clock& clock) {
  os::Poller poller = TRY(os::Poller::make());
  const Duration end = clock.monotonic() + kGitTime;
  std::string text;
  while (true) {
    const Duration left = end - clock.monotonic();
    std::array<os::ReadyFd, 1> ready;
    TRY(poller.watch(fd, os::kReadable));
    if (left <= Duration::zero() || TRY(poller.wait(ready, left)).empty()) {
      if (clock.monotonic() < end) continue;  // a signal
      return Error(ErrorKind::timeout, std::format("git took longer than {} s", kGitTime.count()));
    }
    std::array<char, 65536> piece;
    const std::size_t got = TRY(os::read_some(fd, piece.data(), piece.size()));
    if (got == 0) return text;
    if (text.size() + got > limit)
      return Error(ErrorKind::limit, std::format("longer than {} bytes", limit));
    text.append(piece.data(), got);
  }
}

// `git: path 'x' does not exist in 'main'`
std::string first_words(const Result<std::string>& complaints) {
  constexpr std::string_view kFatal = "fatal: ";
  std::string_view words = complaints ? std::string_view(*complaints) : std::string_view();
  words = words.substr(0, words.find('\n'));
  if (words.starts_with(kFatal)) words.remove_prefix(kFatal.size());
  return words.empty() ? "git has no such file" : std::format("git: {}", words);
}

}  // namespace

std::optional<GitName> parse_git_name(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon + 1 == text.size() ||
      text.starts_with('-') || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  return GitName{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

Result<std::string> read_git_blob(const GitName& name, std::uint64_t limit, const Clock& clock) {
  const UniqueFd program = TRY(open_git());
  const UniqueFd nothing = TRY(os::open_path("/dev/null", O_RDONLY));
  os::Pipe out = TRY(os::make_pipe());
  os::Pipe complaints = TRY(os::make_pipe());
  // Its configuration says which folders it trusts; it may neither ask nor fetch.
  os::Process git = TRY(os::spawn(
      {.executable = program.get(),
       .arguments = {"git", "--no-pager", "cat-file", "blob", name.ref + ":" + name.path},
       .environment = {"PATH=/usr/bin:/usr/local/bin:/bin", "LC_ALL=C", "GIT_TERMINAL_PROMPT=0",
                       "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1", "HOME=" + variable("HOME")},
       .fds = {{nothing.get(), 0}, {out.writer.get(), 1}, {complaints.writer.get(), 2}}}));
  out.writer.reset();
  complaints.writer.reset();
  std::string text = TRY(read_bounded(out.reader.get(), limit, clock));
  const auto ended = TRY(git.reap(os::Process::Wait::yes));
  if (!ended || ended->signalled || ended->code != 0)
    return Error(ErrorKind::not_found,
                 first_words(read_bounded(complaints.reader.get(), kMostComplaints, clock)));
  return text;
}

}  // namespace glovebox::cli
