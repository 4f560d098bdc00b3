#include "audit/epoch_plan.h"

#include <format>
#include <string>

namespace glovebox::audit {

namespace {

Error conflict(std::string_view why) {
  return {
      ErrorKind::conflict,
      std::format("{}: {}; keep this log for examination and start a new one", kEpochKeyName, why)};
}

// Why the secret of the epoch that the log is in is not there.
Error no_secret(const EpochFileFacts& file, const LogEpochs& log) {
  std::optional<std::uint64_t> newest;
  for (const auto& slot : file.slots)
    if (slot && (!newest || slot->number > *newest)) newest = slot->number;
  if (!newest) return conflict("no secret in it is whole");
  if (*newest > log.number())
    return conflict(std::format("it is of epoch {}, the log ends in epoch {}: records were cut off",
                                *newest, log.number()));
  return conflict(
      std::format("it is of epoch {}, the log is in epoch {}: an older file was put back", *newest,
                  log.number()));
}

}  // namespace

Result<void> LogEpochs::take(const RecordHead& record, std::string_view bytes) {
  if (is_seal(record.kind)) {
    const auto parsed = parse_record(bytes);
    const auto seal = parsed ? parse_seal(*parsed) : Result<SignedSeal>(parsed.error());
    const auto bad = [&](std::string_view why) {
      return Error(ErrorKind::conflict, std::format("record {}: {}", records_, why));
    };
    if (!seal) return bad(seal.error().message());
    if (seal->seal.epoch != number() || seal->seal.tree.size != records_)
      return bad("a seal that does not follow the one before");
    last_seal_ = seal->seal;
  }
  ++records_;
  return {};
}

std::string_view to_string(EpochStep step) {
  switch (step) {
    case EpochStep::make_file:
      return "make_file";
    case EpochStep::store_next:
      return "store_next";
    case EpochStep::seal:
      return "seal";
    case EpochStep::erase_old:
      return "erase_old";
  }
  return {};
}

Result<std::vector<EpochStep>> plan_epochs(const std::optional<EpochFileFacts>& file,
                                           const LogEpochs& log) {
  if (!file) {
    if (log.records() > 0) return conflict("missing, but there is a log");
    return std::vector{EpochStep::make_file};
  }
  const std::uint64_t number = log.number();
  const auto& current = file->slots.at(number % kEpochSlots);
  if (!current || current->number != number) return no_secret(*file, log);
  if (log.last_seal() && log.last_seal()->next != current->key)
    return conflict(
        std::format("its secret of epoch {} is not the one that the log goes on with", number));
  const auto& other = file->slots.at((number + 1) % kEpochSlots);
  if (!other) return std::vector(kEpochEnd.begin(), kEpochEnd.end());
  if (other->number == number + 1) return std::vector{EpochStep::seal, EpochStep::erase_old};
  if (other->number + 1 == number) {
    std::vector steps{EpochStep::erase_old};
    steps.insert(steps.end(), kEpochEnd.begin(), kEpochEnd.end());
    return steps;
  }
  return conflict(
      std::format("secrets of epochs {} and {} lie side by side", number, other->number));
}

}  // namespace glovebox::audit
