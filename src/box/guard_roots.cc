#include "box/guard_roots.h"

#include <fcntl.h>

#include "box/guard_rules.h"
#include "ipc/wire.h"
#include "os/file.h"

namespace glovebox::box {

namespace {

constexpr unsigned kPrivateFile = 0600;

}  // namespace

Result<GuardRoots> GuardRoots::load(int session_fd) {
  GuardRoots roots;
  const auto file = os::open_at(session_fd, kRootsFile, O_RDONLY | O_NOFOLLOW);
  if (!file && file.error().kind() == ErrorKind::not_found) return roots;
  if (!file) return file.error();
  const std::string bytes = TRY(os::read_all(file->get(), kMaxRootsFile));
  ipc::Reader reader(bytes);
  for (std::size_t left = TRY(reader.count()); left > 0; --left)
    roots.add(TRY(read_plain_path(reader)));
  TRY(reader.finish());
  roots.saved_ = roots.paths_.size();
  return roots;
}

Result<void> GuardRoots::save(int session_fd) {
  if (saved_ == paths_.size()) return {};
  ipc::Writer writer;
  writer.number(static_cast<std::uint32_t>(paths_.size()));
  for (const std::string& path : paths_) writer.text(path);
  TRY(os::swap_file(session_fd, kRootsFile, writer.take(), kPrivateFile));
  saved_ = paths_.size();
  return {};
}

void GuardRoots::add(const std::string& path) {
  if (paths_.size() == kMost || !known_.insert(path).second) return;
  paths_.push_back(path);
}

}  // namespace glovebox::box
