#include "tools/grep.h"

#include <atomic>
#include <cerrno>
#include <format>
#include <string>
#include <utility>
#include <vector>

#include "base/units.h"
#include "codec/utf8.h"
#include "os/beneath.h"
#include "tools/confined.h"
#include "tools/grep_text.h"
#include "tools/input.h"
#include "tools/line_search.h"
#include "tools/ordered_work.h"
#include "tools/walk.h"

namespace glovebox::tools {
namespace {

constexpr std::size_t kReadChunk = 64 * kKiB;

class Deadline {
 public:
  Deadline(const Clock& clock, Duration limit) : clock_(clock), end_(clock.monotonic() + limit) {}
  bool is_over() const { return clock_.monotonic() >= end_; }

 private:
  const Clock& clock_;
  Duration end_;
};

// What is searched: the files below one folder, or one file.
struct Subject {
  UniqueFd folder;
  std::uint64_t device = 0;        // of the folder
  std::string shown;               // the folder's path, as hits begin
  std::vector<std::string> files;  // below the folder, in the order of the hits
  std::uint64_t unreadable = 0;
};

bool is_absent(const Error& error) {
  return error.error_number() == ENOENT || error.error_number() == ENOTDIR;
}

Result<Subject> subject_of(const Place& place, const ToolLimits& limits, const Deadline& deadline) {
  Subject subject;
  const FileKind kind = TRY(kind_of(place));
  if (kind != FileKind::directory) {
    const std::string_view name = last_name(place);
    subject.folder = TRY(open_parent(place));
    subject.device = TRY(os::file_status(subject.folder.get())).device;
    subject.shown = place.path.substr(0, place.path.size() - name.size() - 1);
    if (kind == FileKind::regular) subject.files.emplace_back(name);
    return subject;
  }
  subject.folder = TRY(open_directory(place));
  subject.device = TRY(os::file_status(subject.folder.get())).device;
  subject.shown = place.path;
  const WalkVisitor visitor{.enters = [](std::string_view, std::string_view) { return true; },
                            .file =
                                [&](int, std::string_view parent, std::string_view name) {
                                  if (!is_never_searched(name))  // a file, but as in the toolset
                                    subject.files.push_back(joined_path(parent, name));
                                  return !deadline.is_over();
                                }};
  const WalkLimits walk{limits.max_walk_entries, kMaxGrepDepth};
  subject.unreadable = walk_files(subject.folder.get(), walk, visitor).unreadable;
  return subject;
}

// The file as it is now: it may have become anything since the walk. A guarded one is a mount of
// the same file system; what another one holds is not searched.
Result<UniqueFd> open_regular(const Subject& subject, const std::string& path) {
  using os::BeneathOpen;
  const int folder = subject.folder.get();
  const UniqueFd found = TRY(os::open_beneath(folder, path, BeneathOpen::locate));
  const os::FileStatus status = TRY(os::file_status(found.get()));
  if (status.kind != os::FileStatus::Kind::regular) return UniqueFd();
  if (status.device != subject.device) return Error::from_errno(EXDEV, "open");
  UniqueFd file = TRY(os::open_beneath(folder, path, BeneathOpen::read));
  if (TRY(os::file_status(file.get())).kind != os::FileStatus::Kind::regular) return UniqueFd();
  return file;
}

Result<std::string> hits_in(const Subject& subject, const std::string& path,
                            const LinePattern& pattern, const ToolLimits& limits,
                            const Deadline& deadline) {
  const UniqueFd file = TRY(open_regular(subject, path));
  LineSearch search(pattern, codec::visible_text(subject.shown + '/' + path),
                    limits.max_grep_output);
  std::string chunk(kReadChunk, '\0');
  while (file && !search.is_done() && !deadline.is_over()) {
    const std::size_t count = TRY(os::read_some(file.get(), chunk));
    if (count == 0) break;
    search.take(std::string_view(chunk).substr(0, count));
  }
  search.finish();
  return search.hits();
}

}  // namespace

ToolResult run_grep(const codec::Json& json, const Roots& roots, const ToolLimits& limits,
                    const Clock& clock) {
  auto input = grep_input(json);
  if (!input) return std::move(input).error();
  const std::string& given = input->path.empty() ? "." : input->path;
  auto place = locate(roots, given);
  if (!place) return error_result(std::move(place).error().text);
  auto pattern = LinePattern::compile(input->pattern);
  if (!pattern) return error_result(std::format("grep: invalid regex: {}", pattern.error()));

  const Deadline deadline(clock, limits.grep_time);
  auto subject = subject_of(*place, limits, deadline);
  GrepText text(limits);
  if (!subject) {
    if (!is_absent(subject.error())) text.add_unreadable(1);
    return text.result();
  }
  std::atomic<std::uint64_t> unreadable = subject->unreadable;
  OrderedWork::run(
      subject->files.size(), std::clamp(limits.walk_threads, 1u, kMaxWalkThreads),
      [&](std::size_t number) {
        if (deadline.is_over()) return std::string();
        auto hits = hits_in(*subject, subject->files[number], *pattern, limits, deadline);
        if (!hits) ++unreadable;
        return hits ? std::move(*hits) : std::string();
      },
      [&](const std::string& hits) { return text.add(hits) && !deadline.is_over(); });
  text.add_unreadable(unreadable);
  if (deadline.is_over()) text.set_timed_out();
  return text.result();
}

}  // namespace glovebox::tools
