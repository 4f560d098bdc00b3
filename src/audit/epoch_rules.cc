#include "audit/epoch_rules.h"

#include <algorithm>
#include <chrono>
#include <format>
#include <span>
#include <utility>

#include "audit/record.h"

namespace glovebox::audit {

namespace {

Error broken(std::string_view what) {
  return {ErrorKind::invalid, std::string(what)};
}

}  // namespace

Result<EpochRules> EpochRules::make(std::string_view origin, const codec::NoteKey& epoch0) {
  if (epoch0.name() != epoch_key_name(origin, 0))
    return Error(ErrorKind::invalid,
                 std::format("the key of epoch 0 has the name `{}`, of this log it would be `{}`",
                             epoch0.name(), epoch_key_name(origin, 0)));
  return EpochRules(origin, epoch0.key());
}

Result<void> EpochRules::take(const RecordHead& record, std::string_view bytes,
                              const TreeBuilder& before) {
  if (is_seal(record.kind)) return take_seal(record, bytes, before);
  return take_other(record, before.size());
}

Result<void> EpochRules::take_other(const RecordHead& record, std::uint64_t index) {
  if (!begin_)
    begin_ = {.wall = record.wall, .since_boot = record.since_boot, .boot_id = record.boot_id};
  if (record.boot_id != begin_->boot_id)
    return broken(std::format("a run that does not begin with the seal of epoch {}", number_));
  const auto length = std::chrono::duration_cast<microseconds>(kEpochLength).count();
  if (record.wall < begin_->wall || record.wall.microseconds - begin_->wall.microseconds > length)
    return broken(std::format("its time is not inside epoch {}", number_));
  if (record.since_boot < begin_->since_boot ||
      record.since_boot - begin_->since_boot > kEpochLength)
    return broken(std::format("its time since boot is not inside epoch {}", number_));
  if (index - first_ >= kMaxEpochRecords)
    return broken(std::format("epoch {} has more than {} records", number_, kMaxEpochRecords));
  return {};
}

Result<void> EpochRules::take_seal(const RecordHead& record, std::string_view bytes,
                                   const TreeBuilder& before) {
  const SignedSeal found = TRY(parse_seal(TRY(parse_record(bytes))));
  const EpochSeal& seal = found.seal;
  if (seal.epoch != number_)
    return broken(std::format("a seal of epoch {}, and epoch {} goes on", seal.epoch, number_));
  if (!is_signed_by(found, origin_, key_))
    return Error(ErrorKind::denied,
                 std::format("the key of epoch {} did not sign its seal", number_));
  if (seal.tree.size != before.size())
    return broken(std::format("a seal of {} records behind {}", seal.tree.size, before.size()));
  if (seal.tree.root != before.root())
    return Error(ErrorKind::denied,
                 std::format("the {} records before the seal of epoch {} are not those that it was "
                             "put on",
                             before.size(), number_));
  const auto epoch_is = before.size() == first_ ? EpochIs::empty : EpochIs::filled;
  if (record.kind != seal_kind(epoch_is))
    return broken(std::format("{} for an epoch that is {}", to_string(record.kind),
                              epoch_is == EpochIs::empty ? "empty" : "not empty"));
  if (seal.at != record.wall) return broken("a seal of another time than its record");
  if (seal.next == key_) return broken("an epoch with the key of the one before");
  if (begin_ && record.wall < begin_->wall) ++set_backs_;
  ++number_;
  key_ = seal.next;
  first_ = before.size() + 1;
  begin_ = {.wall = record.wall, .since_boot = record.since_boot, .boot_id = record.boot_id};
  last_seal_ = seal;
  return {};
}

Result<void> EpochRules::check_checkpoint(const codec::Note& note) const {
  const codec::NoteKey key = TRY(codec::NoteKey::make(epoch_key_name(origin_, number_), key_));
  bool found = false;
  for (const codec::NoteSignature& line : note.signatures) {
    if (!is_epoch_key_name(line.name, origin_)) continue;
    if (line.name != key.name() || line.hash != key.hash())
      return Error(ErrorKind::denied,
                   std::format("checkpoint: signed as {}, and its tree ends in epoch {}", line.name,
                               number_));
    if (!codec::verify_ed25519(key_, note.text, line.signature))
      return Error(ErrorKind::denied, std::format("checkpoint: bad signature of {}", key.name()));
    found = true;
  }
  if (!found)
    return Error(ErrorKind::not_found,
                 std::format("checkpoint: without a signature of {}", key.name()));
  return {};
}

}  // namespace glovebox::audit
