#include "audit/salt_store.h"

#include <algorithm>
#include <format>
#include <string>
#include <utility>

#include "os/file.h"
#include "os/positioned_io.h"

namespace glovebox::audit {

namespace {

// A file is made when so many slots are left before it; more than a group has.
constexpr std::uint64_t kAhead = kSaltsOfFile / 2;

std::string name_of(std::uint64_t file) {
  return std::format("{:016}", file);
}

std::uint64_t offset_of(std::uint64_t index) {
  return index % kSaltsOfFile * kSaltBytes;
}

}  // namespace

Result<SaltStore> SaltStore::open_to_write(LogDirectory folder, std::uint64_t next) {
  SaltStore store(std::move(folder), next);
  const std::uint64_t number = next / kSaltsOfFile;
  TRY(store.file_of(number));
  // A run before this one may have ended before it flushed them.
  TRY(store.touch(number));
  if (number > 0) TRY(store.touch(number - 1));
  TRY(store.clear(next, number));
  return store;
}

Result<SaltStore::File*> SaltStore::file_of(std::uint64_t number) {
  if (const auto open = files_.find(number); open != files_.end()) return &open->second;
  const std::string name = name_of(number);
  File file;
  auto there = TRY_CONTEXT(folder_.open(name, LogDirectory::Access::update), kSaltsName);
  if (there) {
    file.fd = *std::move(there);
  } else {
    TRY_CONTEXT(folder_.create(name), kSaltsName);
    auto made = TRY_CONTEXT(folder_.open(name, LogDirectory::Access::update), kSaltsName);
    if (!made) return Error(ErrorKind::conflict, "salts: a new file is gone at once");
    file.fd = *std::move(made);
    file.is_dirty = true;
  }
  constexpr std::uint64_t kWhole = kSaltsOfFile * kSaltBytes;
  const std::uint64_t size = TRY_CONTEXT(os::facts_of(file.fd.get()), kSaltsName).size;
  if (size < kWhole) {
    TRY_CONTEXT(os::write_at(file.fd.get(), size, std::string(kWhole - size, '\0')), kSaltsName);
    file.is_dirty = true;
  }
  return &files_.emplace(number, std::move(file)).first->second;
}

Result<void> SaltStore::write(std::uint64_t index, std::string_view bytes) {
  File* const file = TRY(file_of(index / kSaltsOfFile));
  TRY_CONTEXT(os::write_at(file->fd.get(), offset_of(index), bytes), kSaltsName);
  file->is_dirty = true;
  return {};
}

// If it is there.
Result<bool> SaltStore::touch(std::uint64_t number) {
  if (!TRY_CONTEXT(folder_.open(name_of(number), LogDirectory::Access::read), kSaltsName))
    return false;
  TRY(file_of(number))->is_dirty = true;
  return true;
}

// Of records that never were: none of them is to be taken for a later one's.
Result<void> SaltStore::clear(std::uint64_t next, std::uint64_t number) {
  TRY(write(next, std::string((kSaltsOfFile - next % kSaltsOfFile) * kSaltBytes, '\0')));
  if (TRY(touch(number + 1)))
    TRY(write((number + 1) * kSaltsOfFile, std::string(kSaltsOfFile * kSaltBytes, '\0')));
  return {};
}

Result<void> SaltStore::put(std::uint64_t index, const Salt& salt) {
  if (index < next_)
    return Error(ErrorKind::denied,
                 std::format("record {} is durable with the salt it has", index));
  return write(index, salt.bytes());
}

Result<void> SaltStore::flush() {
  for (auto& [number, file] : files_) {
    if (!std::exchange(file.is_dirty, false)) continue;
    TRY_CONTEXT(os::sync_data(file.fd.get()), kSaltsName);
  }
  std::erase_if(files_, [&](const auto& file) { return file.first < next_ / kSaltsOfFile; });
  return {};
}

Result<void> SaltStore::durable(std::uint64_t next) {
  next_ = std::max(next_, next);
  const std::uint64_t soon = (next_ + kAhead) / kSaltsOfFile;
  if (files_.contains(soon)) return {};
  const auto made = file_of(soon);
  if (!made && !os::is_out_of_space(made.error())) return made.error();
  return {};
}

Result<std::optional<Salt>> SaltStore::get(std::uint64_t index) const {
  const auto file = TRY(folder_.open(name_of(index / kSaltsOfFile), LogDirectory::Access::read));
  if (!file || TRY(os::facts_of(file->get())).size < offset_of(index) + kSaltBytes)
    return std::optional<Salt>();
  const std::string bytes = TRY(os::read_at(file->get(), offset_of(index), kSaltBytes));
  if (std::ranges::all_of(bytes, [](char c) { return c == '\0'; })) return std::optional<Salt>();
  return TRY(Salt::from_bytes(bytes));
}

Result<bool> SaltStore::erase(std::uint64_t index) {
  if (!TRY(get(index))) return false;
  TRY(write(index, std::string(kSaltBytes, '\0')));
  TRY(flush());
  return true;
}

}  // namespace glovebox::audit
