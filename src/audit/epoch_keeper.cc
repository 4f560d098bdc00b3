#include "audit/epoch_keeper.h"

#include <chrono>
#include <format>
#include <span>
#include <utility>

namespace glovebox::audit {

namespace {

std::optional<EpochKeyFacts> facts_of(const std::optional<EpochSecret>& secret) {
  if (!secret) return std::nullopt;
  return EpochKeyFacts{.number = secret->number, .key = secret->key.public_key()};
}

// In whole microseconds, as records have it.
RecordTime as_recorded(const RecordTime& time) {
  return {.wall = time.wall,
          .since_boot = std::chrono::duration_cast<microseconds>(time.since_boot)};
}

bool is_over(const RecordTime& opened, const RecordTime& now) {
  constexpr std::int64_t kLength = std::chrono::duration_cast<microseconds>(kEpochLength).count();
  // A wall clock that was set back: what follows has no time inside this epoch.
  return now.wall < opened.wall || now.wall.microseconds - opened.wall.microseconds >= kLength ||
         now.since_boot - opened.since_boot >= kEpochLength;
}

}  // namespace

Result<EpochKeeper> EpochKeeper::open(EpochFile& file, std::string_view origin,
                                      const LogEpochs& log, Random& random) {
  TRY_CONTEXT(codec::check_key_name(origin), "origin");
  EpochKeeper keeper(file, origin, random);
  keeper.first_ = log.first();
  EpochSecrets stored;
  std::optional<EpochFileFacts> facts;
  if (const auto bytes = TRY(file.read())) {
    stored = parse_epoch_file(bytes->reveal());
    facts.emplace();
    for (std::size_t slot = 0; slot < kEpochSlots; ++slot)
      facts->slots.at(slot) = facts_of(stored.at(slot));
  }
  const std::vector<EpochStep> steps = TRY(plan_epochs(facts, log));
  if (facts) TRY(keeper.adopt(std::move(stored), log));
  for (const EpochStep step : steps) {
    if (step == EpochStep::make_file) TRY(keeper.make_file());
    if (step == EpochStep::erase_old)
      TRY(keeper.write_slot((log.number() + 1) % kEpochSlots, std::string(kEpochSlotBytes, '\0')));
    if (step == EpochStep::store_next) TRY(keeper.store_next());
    if (step == EpochStep::seal) {
      // It is the log's turn; the rest follows in sealed().
      keeper.seal_first_ = true;
      break;
    }
  }
  return keeper;
}

// What the plan has found to fit.
Result<void> EpochKeeper::adopt(EpochSecrets stored, const LogEpochs& log) {
  const std::uint64_t number = log.number();
  current_ = std::move(stored.at(number % kEpochSlots));
  std::optional<EpochSecret>& other = stored.at((number + 1) % kEpochSlots);
  if (other && other->number == number + 1) {
    if (other->next_mac != current_->next_mac.next())
      return Error(ErrorKind::conflict,
                   std::format("{}: its two secrets are not of one log", kEpochKeyName));
    next_ = std::move(other);
  }
  // The run that made the file may have ended before anybody was told.
  if (log.records() == 0) TRY(enrol(current_->next_mac.after(0), number + 1));
  return {};
}

Result<void> EpochKeeper::enrol(WalMacSeed seed, std::uint64_t epoch) {
  enrolment_ = Enrolment{
      .epoch0 = TRY(codec::NoteKey::make(epoch_key_name(origin_, 0), current_->key.public_key())),
      .mac_seed = std::move(seed),
      .mac_epoch = epoch};
  return {};
}

Result<void> EpochKeeper::write_slot(std::size_t slot, std::string_view bytes) {
  auto written = file_->write_slot(slot, bytes);
  if (!written) poisoned_ = true;
  return written;
}

Result<void> EpochKeeper::make_file() {
  WalMacSeed seed = WalMacSeed::generate(*random_);
  current_ = EpochSecret{
      .number = 0, .key = codec::Ed25519PrivateKey::generate(*random_), .next_mac = seed.next()};
  macs_ = seed.groups();
  TRY(file_->make(format_epoch_file(*current_).reveal()));
  return enrol(std::move(seed), 0);
}

Result<void> EpochKeeper::store_next() {
  EpochSecret next = current_->make_next(*random_);
  if (next.number > kMaxEpoch)
    return Error(ErrorKind::limit, "the log has as many epochs as it can; start a new one");
  TRY(write_slot(next.slot(), format_epoch_slot(next).reveal()));
  next_ = std::move(next);
  return {};
}

std::optional<Enrolment> EpochKeeper::take_enrolment() {
  return std::exchange(enrolment_, std::nullopt);
}

bool EpochKeeper::due(const RecordTime& now, std::uint64_t size) {
  if (seal_first_) return true;
  if (!opened_) opened_ = as_recorded(now);
  return is_over(*opened_, as_recorded(now)) || size >= first_ + kMaxEpochRecords;
}

Result<Seal> EpochKeeper::begin_seal(const codec::TreeHead& before, const RecordTime& now) {
  if (poisoned_) return Error(ErrorKind::io, "the keys of epochs could not be written before");
  if (old_slot_ || before.size < first_)
    return Error(ErrorKind::conflict, "the seal of the epoch before is not durable yet");
  if (!next_) TRY(store_next());
  const EpochSeal seal{
      .epoch = current_->number, .tree = before, .at = now.wall, .next = next_->key.public_key()};
  const auto epoch_is = before.size == first_ ? EpochIs::empty : EpochIs::filled;
  Seal made{.kind = seal_kind(epoch_is), .members = sign_seal(seal, origin_, current_->key)};
  // From here on the group that takes the seal and all behind it are of the next epoch.
  macs_ = current_->next_mac.groups();
  old_slot_ = current_->slot();
  current_ = std::move(*next_);
  next_.reset();
  first_ = before.size + 1;
  opened_ = as_recorded(now);
  seal_first_ = false;
  return made;
}

Result<void> EpochKeeper::sealed() {
  if (poisoned_) return Error(ErrorKind::io, "the keys of epochs could not be written before");
  if (!old_slot_) return {};
  TRY(write_slot(*old_slot_, std::string(kEpochSlotBytes, '\0')));
  old_slot_.reset();
  return {};
}

Result<codec::NoteSignature> EpochKeeper::sign_checkpoint(
    const codec::Checkpoint& checkpoint) const {
  if (checkpoint.origin != origin_ || checkpoint.tree.size < first_)
    return Error(ErrorKind::conflict, std::format("a checkpoint of {} records is not of epoch {}",
                                                  checkpoint.tree.size, current_->number));
  return codec::sign_note(codec::checkpoint_text(checkpoint),
                          epoch_key_name(origin_, current_->number), current_->key);
}

Result<void> EpochKeeper::check_checkpoint(std::string_view note) const {
  if (TRY(codec::claimed_checkpoint(note)).tree.size < first_) return {};
  const auto key = TRY(
      codec::NoteKey::make(epoch_key_name(origin_, current_->number), current_->key.public_key()));
  const auto opened = codec::open_note(note, std::span(&key, 1));
  if (!opened)
    return Error(ErrorKind::conflict,
                 std::format("checkpoint: not signed by the key of epoch {}", current_->number));
  return {};
}

Result<codec::Sha256Digest> EpochKeeper::group_mac(const WalGroupFacts& group) {
  if (!macs_) return Error(ErrorKind::conflict, "a group before the seal that a run begins with");
  return macs_->next(group);
}

}  // namespace glovebox::audit
