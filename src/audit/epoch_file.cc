#include "audit/epoch_file.h"

#include <format>
#include <span>
#include <string>
#include <utility>

#include "audit/epoch_secret.h"
#include "os/positioned_io.h"

namespace glovebox::audit {

namespace {

Error refused(ErrorKind kind, std::string_view why) {
  return {kind, std::format("{}: {}", kEpochKeyName, why)};
}

}  // namespace

Result<bool> EpochKeyFile::open() {
  auto file = TRY(log_.open(kEpochKeyName, LogDirectory::Access::update));
  if (!file) return false;
  facts_ = TRY_CONTEXT(os::facts_of(file->get()), kEpochKeyName);
  if (facts_.size != kEpochFileBytes)
    return refused(ErrorKind::conflict,
                   std::format("has {} bytes, not {}", facts_.size, kEpochFileBytes));
  file_ = *std::move(file);
  return true;
}

Result<std::optional<Secret>> EpochKeyFile::read() {
  if (!TRY(open())) return std::optional<Secret>();
  std::string bytes(kEpochFileBytes, '\0');
  const auto got = os::read_into_at(file_.get(), 0, std::span(bytes));
  Secret secret = Secret::take(std::move(bytes));
  const std::size_t size = TRY_CONTEXT(got, kEpochKeyName);
  if (size != kEpochFileBytes) return refused(ErrorKind::conflict, "shorter than it was");
  return std::optional(std::move(secret));
}

Result<void> EpochKeyFile::make(std::string_view bytes) {
  if (TRY(open())) return refused(ErrorKind::exists, "there is one");
  TRY(log_.replace(kEpochKeyName, bytes));
  if (!TRY(open())) return refused(ErrorKind::conflict, "gone at once");
  return {};
}

Result<void> EpochKeyFile::check_in_place() const {
  const auto named = os::facts_at(log_.fd(), std::string(kEpochKeyName));
  if (!named || named->device != facts_.device || named->inode != facts_.inode ||
      named->links != 1 || named->size != kEpochFileBytes)
    return refused(ErrorKind::conflict, "the file was moved, removed or replaced");
  return {};
}

Result<void> EpochKeyFile::write_slot(std::size_t slot, std::string_view bytes) {
  if (slot >= kEpochSlots || bytes.size() != kEpochSlotBytes || file_.get() < 0)
    return refused(ErrorKind::internal, "no slot of an open file");
  TRY(check_in_place());
  TRY_CONTEXT(os::write_at(file_.get(), slot * kEpochSlotBytes, bytes), kEpochKeyName);
  TRY_CONTEXT(os::sync_data(file_.get()), kEpochKeyName);
  return {};
}

}  // namespace glovebox::audit
