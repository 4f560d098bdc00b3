#include "audit/salt_store.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <format>
#include <span>
#include <utility>

#include "base/secret.h"
#include "os/file.h"
#include "os/positioned_io.h"

namespace glovebox::audit {

namespace {

using codec::Json;

constexpr unsigned kPrivateFile = 0600;

std::string name_of(std::uint64_t file) {
  return std::format("{:016}", file);
}

std::uint64_t offset_of(std::uint64_t index) {
  return index % kSaltsOfFile * kSaltBytes;
}

bool is_none(const Error& error) {
  return error.kind() == ErrorKind::not_found;
}

}  // namespace

SaltStore::SaltStore(UniqueFd folder, std::uint64_t next, Random& random)
    : folder_(std::move(folder)), next_(next), random_(random) {}

Result<int> SaltStore::file_of(std::uint64_t index) {
  const std::uint64_t number = index / kSaltsOfFile;
  if (const auto open = unflushed_.find(number); open != unflushed_.end())
    return open->second.fd.get();
  const std::string name = name_of(number);
  File file;
  auto there = os::open_at(folder_.get(), name, O_RDWR | O_NOFOLLOW);
  if (!there && !is_none(there.error())) return std::move(there).error();
  file.is_new = !there;
  file.fd =
      there ? *std::move(there)
            : TRY_CONTEXT(os::open_at(folder_.get(), name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW,
                                      os::Resolve::anywhere, kPrivateFile),
                          name);
  return unflushed_.emplace(number, std::move(file)).first->second.fd.get();
}

Result<std::string> SaltStore::put(std::uint64_t index) {
  if (index < next_)
    return Error(ErrorKind::denied,
                 std::format("record {} is durable with the salt it has", index));
  std::array<std::byte, kSaltBytes> bytes{};
  random_.fill(bytes);
  std::string salt(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  zero_memory(bytes.data(), bytes.size());
  TRY_CONTEXT(os::write_at(TRY(file_of(index)), offset_of(index), salt), "salt");
  return salt;
}

Result<void> SaltStore::flush() {
  bool named = false;
  for (const auto& [number, file] : unflushed_) {
    TRY_CONTEXT(os::sync_data(file.fd.get()), "salt");
    named = named || file.is_new;
  }
  if (named) TRY_CONTEXT(os::sync(folder_.get()), "salts");
  unflushed_.clear();
  return {};
}

void SaltStore::durable(std::uint64_t next) {
  next_ = std::max(next_, next);
}

Result<std::optional<std::string>> SaltStore::get(std::uint64_t index) const {
  const auto file =
      os::open_at(folder_.get(), name_of(index / kSaltsOfFile), O_RDONLY | O_NOFOLLOW);
  if (!file) {
    if (is_none(file.error())) return std::optional<std::string>();
    return file.error();
  }
  if (TRY(os::facts_of(file->get())).size < offset_of(index) + kSaltBytes)
    return std::optional<std::string>();
  std::string salt = TRY(os::read_at(file->get(), offset_of(index), kSaltBytes));
  if (std::ranges::all_of(salt, [](char c) { return c == '\0'; }))
    return std::optional<std::string>();
  return std::optional(std::move(salt));
}

Result<bool> SaltStore::erase(std::uint64_t index) {
  if (!TRY(get(index))) return false;
  TRY_CONTEXT(os::write_at(TRY(file_of(index)), offset_of(index), std::string(kSaltBytes, '\0')),
              "salt");
  TRY(flush());
  return true;
}

Json salted_commitment(std::string_view salt, std::string_view payload) {
  codec::Sha256 hash;
  hash.update(salt);
  hash.update(payload);
  return Json::object(
      {{"c", hash.finish().hex()}, {"n", static_cast<std::int64_t>(payload.size())}});
}

bool opens(const Json& commitment, std::string_view salt, std::string_view payload) {
  return salt.size() == kSaltBytes && commitment.is_object() && commitment.get("c") != nullptr &&
         commitment.get("n") != nullptr &&
         *commitment.get("c") == *salted_commitment(salt, payload).get("c") &&
         *commitment.get("n") == *salted_commitment(salt, payload).get("n");
}

}  // namespace glovebox::audit
