#include "audit/call_index.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "codec/digest.h"

namespace glovebox::audit {

namespace {

constexpr std::size_t kFirstSlots = 1024;

template <std::size_t N>
std::array<std::uint8_t, N> short_digest(std::span<const std::byte> salt, char purpose,
                                         std::string_view text) {
  codec::Sha256 hash;
  hash.update({reinterpret_cast<const char*>(salt.data()), salt.size()});
  hash.update({&purpose, 1});
  const codec::Sha256Digest digest = hash.update(text).finish();
  std::array<std::uint8_t, N> out;
  std::copy_n(digest.bytes.begin(), N, out.begin());
  return out;
}

}  // namespace

CallIndex::CallIndex(Random& random, std::size_t max_calls)
    : max_calls_(max_calls), slots_(kFirstSlots) {
  random.fill(salt_);
}

std::array<std::uint8_t, 16> CallIndex::key_of(std::string_view tool_use) const {
  return short_digest<16>(salt_, 'c', tool_use);
}

std::array<std::uint8_t, 7> CallIndex::session_of(std::string_view session) const {
  return short_digest<7>(salt_, 's', session);
}

std::size_t CallIndex::slot_of(const std::array<std::uint8_t, 16>& key) const {
  std::uint64_t start = 0;
  std::memcpy(&start, key.data(), sizeof start);
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = start & mask;
  while (slots_[slot].state != CallState::unknown && slots_[slot].key != key)
    slot = (slot + 1) & mask;
  return slot;
}

void CallIndex::grow() {
  std::vector<Entry> old(slots_.size() * 2);
  std::swap(old, slots_);
  for (const Entry& entry : old)
    if (entry.state != CallState::unknown) slots_[slot_of(entry.key)] = entry;
}

CallState CallIndex::find(std::string_view tool_use) const {
  return slots_[slot_of(key_of(tool_use))].state;
}

Result<void> CallIndex::may_start(std::string_view tool_use) const {
  if (find(tool_use) != CallState::unknown)
    return Error(ErrorKind::exists, "this call has an intent already");
  if (used_ >= max_calls_)
    return Error(ErrorKind::limit, "the log knows as many calls as it can; start a new one");
  return {};
}

Result<void> CallIndex::may_end(std::string_view session, std::string_view tool_use) const {
  const Entry& entry = slots_[slot_of(key_of(tool_use))];
  if (entry.state == CallState::unknown)
    return Error(ErrorKind::not_found, "this call has no intent");
  if (entry.session != session_of(session))
    return Error(ErrorKind::denied, "this call belongs to another session");
  if (entry.state != CallState::started)
    return Error(ErrorKind::conflict, "this call has ended already");
  return {};
}

Result<void> CallIndex::start(std::string_view session, std::string_view tool_use) {
  TRY(may_start(tool_use));
  if ((used_ + 1) * 2 > slots_.size()) grow();
  const auto key = key_of(tool_use);
  slots_[slot_of(key)] = {.key = key, .session = session_of(session), .state = CallState::started};
  ++used_;
  return {};
}

Result<void> CallIndex::end(std::string_view session, std::string_view tool_use, CallState end) {
  TRY(may_end(session, tool_use));
  slots_[slot_of(key_of(tool_use))].state = end;
  return {};
}

}  // namespace glovebox::audit
