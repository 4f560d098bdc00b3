#include "os/process_view.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "os/file.h"
#include "os/process.h"

namespace glovebox::os {

namespace {

constexpr std::size_t kMostProcesses = 1 << 22;  // the kernel's own limit
constexpr std::size_t kMostThreads = 1 << 20;
constexpr std::size_t kShort = 4096;
constexpr std::size_t kStatus = 1 << 16;

Result<std::string> text_of(int folder, const std::string& name, std::size_t most) {
  const UniqueFd file = TRY(open_at(folder, name, O_RDONLY));
  return read_all(file.get(), most);
}

std::uint64_t kib_field(std::string_view status, std::string_view name) {
  const auto at = status.find(name);
  if (at == std::string_view::npos) return 0;
  status.remove_prefix(at + name.size());
  status.remove_prefix(std::min(status.find_first_not_of(" \t"), status.size()));
  std::uint64_t value = 0;
  std::from_chars(status.data(), status.data() + status.size(), value);
  return value * 1024;
}

// Fields of /proc/PID/stat, see proc(5).
struct Stat {
  char state = '?';
  std::int64_t ticks = 0;    // utime, stime, cutime, cstime
  std::int64_t threads = 0;  // 0 when only its parent has to be told that it ended
};

// The name in parentheses may hold anything; the fields after its last ')' are fixed.
Stat read_stat(std::string_view text) {
  constexpr int kState = 3, kFirstTime = 14, kLastTime = 17, kThreads = 20;
  text.remove_prefix(std::min(text.rfind(')') + 2, text.size()));
  Stat stat;
  for (int field = kState; !text.empty() && field <= kThreads; ++field) {
    const auto space = std::min(text.find(' '), text.size());
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + space, value);
    if (field == kState) stat.state = text.front();
    if (field >= kFirstTime && field <= kLastTime) stat.ticks += value;
    if (field == kThreads) stat.threads = value;
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return stat;
}

// The number at the start of mountinfo. Nothing when the thread has ended.
std::optional<std::uint64_t> mount_in(int folder, const std::string& name) {
  const auto file = open_at(folder, name, O_RDONLY);
  if (!file) return std::nullopt;
  char text[32] = {};
  const auto got = read_some(file->get(), text, sizeof text);
  if (!got) return std::nullopt;
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text, text + *got, number);
  if (parsed.ec != std::errc{}) return std::nullopt;
  return number;
}

}  // namespace

Result<ProcessView> ProcessView::open(int proc, pid_t pid) {
  return ProcessView(TRY(open_at(proc, std::to_string(pid), O_RDONLY | O_DIRECTORY)));
}

std::optional<std::uint64_t> ProcessView::user_namespace() const {
  struct stat facts{};
  if (::fstatat(folder_.get(), "ns/user", &facts, 0) != 0) return std::nullopt;
  return facts.st_ino;
}

std::vector<std::string> ProcessView::threads() const {
  std::vector<std::string> names;
  const auto folder = open_at(folder_.get(), "task", O_RDONLY | O_DIRECTORY);
  if (!folder) return names;
  const auto entries = list_folder(folder->get(), kMostThreads);
  if (!entries) return names;
  for (const FolderEntry& entry : *entries) names.push_back("task/" + entry.name + "/");
  return names;
}

Result<UniqueFd> ProcessView::mount_namespace() const {
  return open_at(folder_.get(), "ns/mnt", O_RDONLY);
}

std::optional<std::uint64_t> ProcessView::first_mount() const {
  if (auto mount = mount_in(folder_.get(), "mountinfo")) return mount;
  // A first thread that has ended says nothing about the others.
  for (const std::string& thread : threads())
    if (auto mount = mount_in(folder_.get(), thread + "mountinfo")) return mount;
  return std::nullopt;
}

std::optional<ProcessUse> ProcessView::use() const {
  const auto text = text_of(folder_.get(), "stat", kShort);
  if (!text) return std::nullopt;
  const Stat stat = read_stat(*text);
  const bool first_ended = stat.state == 'Z' || stat.state == 'X';
  if (first_ended && stat.threads <= 1) return std::nullopt;
  static const long ticks = ::sysconf(_SC_CLK_TCK);
  ProcessUse use;
  use.cpu_us = stat.ticks * 1'000'000 / ticks;
  // A first thread that has ended has no memory, the others have.
  const std::vector<std::string> places =
      first_ended ? threads() : std::vector<std::string>{std::string()};
  for (const std::string& place : places) {
    const auto status = text_of(folder_.get(), place + "status", kStatus);
    if (!status) continue;
    use.memory = kib_field(*status, "\nRssAnon:") + kib_field(*status, "\nRssShmem:");
    if (use.memory != 0) break;
  }
  return use;
}

Result<void> ProcessView::kill() const {
  return signal_through(folder_.get(), SIGKILL);
}

std::vector<pid_t> processes_of(int proc) {
  std::vector<pid_t> numbers;
  const auto entries = list_folder(proc, kMostProcesses);
  if (!entries) return numbers;
  for (const FolderEntry& entry : *entries) {
    pid_t pid = 0;
    const char* const end = entry.name.data() + entry.name.size();
    const auto parsed = std::from_chars(entry.name.data(), end, pid);
    if (parsed.ec == std::errc{} && parsed.ptr == end) numbers.push_back(pid);
  }
  return numbers;
}

std::optional<ProcessUse> use_of(pid_t pid) {
  const auto proc = open_path("/proc", O_PATH | O_DIRECTORY);
  if (!proc) return std::nullopt;
  const auto view = ProcessView::open(proc->get(), pid);
  return view ? view->use() : std::nullopt;
}

std::optional<ThreadNames> read_thread_names(std::string_view status) {
  ThreadNames names;
  while (!status.empty()) {
    const std::size_t end = std::min(status.find('\n'), status.size());
    const std::string_view line = status.substr(0, end);
    status.remove_prefix(std::min(end + 1, status.size()));
    if (line.starts_with("Name:\t")) names.name = line.substr(sizeof("Name:\t") - 1);
    if (!line.starts_with("NSpid:")) continue;
    // One number for each namespace, the innermost last.
    const std::string_view last = line.substr(line.find_last_of("\t ") + 1);
    const auto parsed = std::from_chars(last.data(), last.data() + last.size(), names.innermost);
    if (parsed.ec != std::errc{} || parsed.ptr != last.data() + last.size()) return std::nullopt;
    return names;
  }
  return std::nullopt;
}

std::optional<ThreadNames> names_of_thread(pid_t thread) {
  const auto status = read_file("/proc/" + std::to_string(thread) + "/status", kStatus);
  return status ? read_thread_names(*status) : std::nullopt;
}

}  // namespace glovebox::os
