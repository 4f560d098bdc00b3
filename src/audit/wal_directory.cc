#include "audit/wal_directory.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <format>
#include <optional>
#include <string>
#include <utility>

#include "audit/wal_recovery.h"
#include "base/units.h"
#include "os/positioned_io.h"

namespace glovebox::audit {

namespace {

constexpr std::string_view kSegmentEnd = ".wal";
constexpr std::string_view kLostEnd = ".lost";
// What os::remove_unfinished() clears when the directory is opened.
constexpr std::string_view kUnfinished = ".new-";
constexpr unsigned kFileMode = 0600;
constexpr std::size_t kZeros = 1 * kMiB;  // in one write

class WalFile final : public WalDevice {
 public:
  WalFile(UniqueFd file, int folder, std::string name, const os::FileFacts& facts,
          LogDirectory::Access access)
      : file_(std::move(file)),
        folder_(folder),
        name_(std::move(name)),
        facts_(facts),
        only_read_(access == LogDirectory::Access::read) {}

  std::uint64_t size() const override { return facts_.size; }
  Result<std::size_t> read(std::uint64_t offset, std::span<char> out) override {
    return TRY_CONTEXT(os::read_into_at(file_.get(), offset, out), name_);
  }
  Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    TRY_CONTEXT(os::write_at(file_.get(), offset, bytes), name_);
    return {};
  }
  Result<void> sync() override {
    if (only_read_) return {};
    TRY_CONTEXT(os::sync_data(file_.get()), name_);
    return {};
  }
  Result<void> drop_cache(std::uint64_t offset, std::uint64_t size) override {
    if (only_read_) return {};
    TRY_CONTEXT(os::drop_cache(file_.get(), offset, size), name_);
    return {};
  }
  Result<void> check_in_place() const override {
    const auto named = os::facts_at(folder_, name_);
    if (!named || named->device != facts_.device || named->inode != facts_.inode ||
        named->links != 1)
      return Error(ErrorKind::conflict,
                   std::format("{}: the file was moved, removed or replaced", name_));
    if (named->size != facts_.size)
      return Error(ErrorKind::conflict,
                   std::format("{}: has {} bytes, not {}", name_, named->size, facts_.size));
    return {};
  }

 private:
  UniqueFd file_;
  int folder_;
  std::string name_;
  os::FileFacts facts_;
  bool only_read_;
};

std::string segment_name(std::uint32_t number) {
  return std::format("{:04}{}", number, kSegmentEnd);
}

// Only a name that segment_name() gives.
std::optional<std::uint32_t> number_of(std::string_view name) {
  if (!name.ends_with(kSegmentEnd)) return std::nullopt;
  const std::string_view digits = name.substr(0, name.size() - kSegmentEnd.size());
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), number);
  if (error != std::errc() || end != digits.end() || segment_name(number) != name)
    return std::nullopt;
  return number;
}

Result<WalDevicePtr> device_of(UniqueFd file, int folder, std::string name,
                               LogDirectory::Access access) {
  const os::FileFacts facts = TRY_CONTEXT(os::facts_of(file.get()), name);
  return std::make_unique<WalFile>(std::move(file), folder, std::move(name), facts, access);
}

Result<void> fill_with_zeros(int file, std::uint64_t size) {
  const std::string zeros(kZeros, '\0');
  for (std::uint64_t at = 0; at < size; at += kZeros)
    TRY(os::write_at(
        file, at, std::string_view(zeros).substr(0, std::min<std::uint64_t>(kZeros, size - at))));
  return os::sync(file);
}

}  // namespace

WalDirectory::WalDirectory(const LogDirectory& log, LogDirectory segments,
                           LogDirectory::Access access)
    : log_(&log), segments_(std::move(segments)), access_(access) {}

Result<WalDirectory> WalDirectory::open(const LogDirectory& log, const std::string& path) {
  LogDirectory segments =
      TRY(LogDirectory::open_to_write(path + "/" + std::string(kWalFolderName)));
  return WalDirectory(log, std::move(segments), LogDirectory::Access::update);
}

Result<WalDirectory> WalDirectory::open_to_read(const LogDirectory& log, const std::string& path) {
  LogDirectory segments = TRY(LogDirectory::open_to_read(path + "/" + std::string(kWalFolderName)));
  return WalDirectory(log, std::move(segments), LogDirectory::Access::read);
}

Result<std::vector<std::uint32_t>> WalDirectory::segments() {
  std::vector<std::uint32_t> numbers;
  for (const os::FolderEntry& entry : TRY(os::list_folder(segments_.fd(), kMostWalSegments)))
    if (const auto number = number_of(entry.name)) numbers.push_back(*number);
  std::ranges::sort(numbers);
  return numbers;
}

Result<WalDevicePtr> WalDirectory::open_segment(std::uint32_t number) {
  const std::string name = segment_name(number);
  auto file = TRY(segments_.open(name, access_));
  if (!file) return Error(ErrorKind::not_found, name);
  return device_of(*std::move(file), segments_.fd(), name, access_);
}

Result<WalDevicePtr> WalDirectory::create_segment(std::uint32_t number, std::uint64_t size) {
  const std::string name = segment_name(number);
  const std::string unfinished = std::format("{}{}", kUnfinished, name);
  const int folder = segments_.fd();
  UniqueFd file =
      TRY_CONTEXT(os::open_at(folder, unfinished, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW,
                              os::Resolve::beneath_no_symlinks, kFileMode),
                  name);
  const auto fill = [&]() -> Result<void> {
    TRY(os::change_mode(file.get(), kFileMode));
    TRY(fill_with_zeros(file.get(), size));
    TRY(os::rename_at(folder, unfinished, folder, name, os::Replace::no));
    return os::sync(folder);
  };
  if (auto filled = fill(); !filled) {
    // On a full disk the bytes are wanted back at once.
    (void)os::remove_file(folder, unfinished);
    return std::move(filled).error().with_context(name);
  }
  return device_of(std::move(file), folder, name, access_);
}

Result<void> WalDirectory::set_aside(std::uint32_t number) {
  const std::string name = segment_name(number);
  const int folder = segments_.fd();
  // A number may have been set aside before.
  for (std::size_t again = 0; again < kMostWalSegments; ++again) {
    const std::string lost = again == 0 ? std::format("{:04}{}", number, kLostEnd)
                                        : std::format("{:04}-{}{}", number, again, kLostEnd);
    auto moved = os::rename_at(folder, name, folder, lost, os::Replace::no);
    if (!moved && moved.error().kind() == ErrorKind::exists) continue;
    if (!moved) return std::move(moved).error().with_context(name);
    TRY_CONTEXT(os::sync(folder), name);
    return {};
  }
  return Error(ErrorKind::limit, std::format("{}: set aside too often", name));
}

Result<WalDevicePtr> WalDirectory::open_state() {
  const std::string name(kWalStateName);
  auto file = TRY(log_->open(name, access_));
  if (!file) return WalDevicePtr();
  return device_of(*std::move(file), log_->fd(), name, access_);
}

Result<void> WalDirectory::make_state(std::string_view bytes) {
  return log_->replace(kWalStateName, bytes);
}

Result<void> WalDirectory::check_in_place() const {
  TRY(log_->check_in_place());
  return segments_.check_in_place();
}

Result<os::SpaceFacts> WalDirectory::space() const {
  return os::space_of(segments_.fd());
}

}  // namespace glovebox::audit
