#include "audit/witness.h"

#include <format>
#include <utility>

#include "codec/checkpoint.h"
#include "codec/cosignature.h"

namespace glovebox::audit {

namespace {

constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;

WitnessAnswer refusal(unsigned status, std::string_view why) {
  return {.status = status, .content_type = "text/plain", .body = std::format("{}\n", why)};
}

}  // namespace

Result<Witness> Witness::make(std::string_view name, codec::Ed25519PrivateKey key,
                              std::vector<codec::NoteKey> logs, WitnessStore& store,
                              const Clock& clock) {
  TRY_CONTEXT(codec::check_key_name(name), "witness");
  if (logs.empty()) return Error(ErrorKind::invalid, "witness: no log to watch");
  Witness witness(name, std::move(key), store, clock);
  for (const codec::NoteKey& log : logs) {
    // With one key for both, what the witness says could be shown as what the log says.
    if (log.key() == witness.key_.public_key())
      return Error(ErrorKind::invalid,
                   std::format("witness: the log {} has the witness's own key", log.name()));
    witness.logs_[log.name()].push_back(log);
  }
  if (witness.logs_.size() > kMaxWitnessedLogs)
    return Error(ErrorKind::limit, std::format("witness: more than {} logs", kMaxWitnessedLogs));
  for (const auto& [origin, keys] : witness.logs_) {
    const auto stored = TRY_CONTEXT(store.load(origin), origin);
    if (!stored) continue;
    const auto opened = codec::open_checkpoint(*stored, keys);
    if (!opened)
      return Error(ErrorKind::conflict, std::format("witness: what is stored of {} is not good: {}",
                                                    origin, opened.error().message()));
    witness.known_[origin] = opened->checkpoint.tree;
  }
  return witness;
}

std::optional<codec::TreeHead> Witness::known(std::string_view origin) const {
  const auto found = known_.find(origin);
  if (found == known_.end()) return std::nullopt;
  return found->second;
}

WitnessAnswer Witness::add_checkpoint(std::string_view body) {
  const auto request = parse_add_checkpoint(body);
  if (!request) return refusal(400, request.error().message());
  const codec::Note note = *codec::parse_note(request->note);
  const auto logs = logs_.find(note.text.substr(0, note.text.find('\n')));
  if (logs == logs_.end()) return refusal(404, "a log that is not watched here");
  const auto opened = codec::open_checkpoint(request->note, logs->second);
  if (!opened)
    return refusal(opened.error().kind() == ErrorKind::denied ? 403 : 400,
                   opened.error().message());
  const std::string& origin = logs->first;
  const codec::TreeHead& tree = opened->checkpoint.tree;
  if (request->old_size > tree.size)
    return refusal(400, "the old size is beyond that of the checkpoint");
  if (broken_.contains(origin)) return refusal(500, "the state of this log could not be stored");
  const codec::TreeHead before =
      known(origin).value_or(codec::TreeHead{.size = 0, .root = codec::empty_root()});
  if (request->old_size != before.size)
    return {.status = 409,
            .content_type = "text/x.tlog.size",
            .body = std::format("{}\n", before.size)};
  if (const auto grown = codec::check_consistency(before, tree, request->proof); !grown)
    return refusal(422, grown.error().message());

  const codec::CosignatureTime now{clock_->wall().microseconds / kMicrosecondsPerSecond};
  const auto line = codec::cosign(note.text, name_, key_, now);
  if (!line) return refusal(500, line.error().message());
  if (tree != before || !known_.contains(origin)) {
    if (auto stored = store_->store(origin, request->note); !stored) {
      broken_.insert(origin);
      return refusal(500, "the state of this log could not be stored");
    }
    known_[origin] = tree;
  }
  return {.status = 200, .content_type = "", .body = codec::format_signature_line(*line)};
}

}  // namespace glovebox::audit
