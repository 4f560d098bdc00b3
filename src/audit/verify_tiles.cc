#include "audit/verify_tiles.h"

#include <algorithm>
#include <cstddef>
#include <format>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/anchor_check.h"
#include "audit/epoch_folder.h"
#include "audit/epoch_rules.h"
#include "audit/log_key.h"
#include "audit/policy_archive.h"
#include "audit/record.h"
#include "audit/record_head.h"
#include "audit/record_rules.h"
#include "audit/tile_folder.h"
#include "audit/tile_store.h"
#include "audit/tree_builder.h"
#include "codec/checkpoint.h"
#include "codec/note.h"
#include "codec/tlog_tile.h"

namespace glovebox::audit {

namespace {

using codec::TilePlace;
using codec::TileRow;

constexpr std::size_t kMaxKeyBytes = 1024;
constexpr TileRow kEntries = TileRow::entries();

// What is known of a tile: the bytes of its first hashes or records, and where each of them ends.
struct KnownTile {
  TileRow row;
  std::uint64_t index;
  std::string_view bytes;
  std::vector<std::size_t> ends;
};

KnownTile known_bundle(std::uint64_t index, std::string_view bytes,
                       const std::vector<std::string_view>& records) {
  KnownTile known{.row = kEntries, .index = index, .bytes = bytes, .ends = {}};
  for (const std::string_view record : records)
    known.ends.push_back(static_cast<std::size_t>(record.data() + record.size() - bytes.data()));
  return known;
}

KnownTile known_hashes(unsigned level, std::uint64_t index, std::string_view bytes) {
  KnownTile known{.row = TileRow::hashes(level), .index = index, .bytes = bytes, .ends = {}};
  for (std::size_t end = codec::kHashBytes; end <= bytes.size(); end += codec::kHashBytes)
    known.ends.push_back(end);
  return known;
}

// Whether a stored tile of this width says the same. What it holds beyond what is known may be
// newer; only its length is looked at.
bool agrees(const KnownTile& known, unsigned width, std::string_view stored) {
  if (width <= known.ends.size()) return stored == known.bytes.substr(0, known.ends[width - 1]);
  return stored.starts_with(known.bytes) &&
         (known.row.is_entries() || stored.size() == width * codec::kHashBytes);
}

// The width under which a tree of this size needs a tile; 0 when it needs none there.
unsigned needed_width(TileRow row, std::uint64_t index, std::uint64_t size) {
  const std::uint64_t hashes = codec::hashes_at(size, row.level());
  if (index < hashes / codec::kTileWidth) return codec::kTileWidth;
  return index == hashes / codec::kTileWidth ? codec::edge_width(size, row.level()) : 0;
}

class Verifier {
 public:
  Verifier(const LogDirectory& log, const LogCheck& check, const TailReader& tail, Random& random)
      : log_(log),
        check_(check),
        tail_(tail),
        folder_(log),
        rules_(random),
        anchors_(check.anchors) {}

  Result<LogReport> run() &&;

 private:
  Result<void> open_seal();
  Result<void> open_epochs();
  void check_seal();
  Result<void> read_all(const TileFolder::Survey& survey);
  Result<void> read_bundle(const TilePlace& place);
  Result<void> read_tail();
  Result<void> take_record(std::string_view bytes);
  void measure_tail(const RecordHead& record);
  void note_policy(std::string_view bytes);
  void check_anchors();
  Result<void> check_copies(const KnownTile& known);
  Result<void> check_edges();
  Result<void> check_policies();
  void check_extent(const TileFolder::Survey& survey);
  void judge();

  Result<std::optional<std::string>> read_file(std::string_view name, std::size_t max_bytes);
  std::uint64_t sealed_size() const { return report_.sealed ? report_.sealed->size : 0; }
  // Nothing behind this can be relied on any more.
  void stop(std::string why) {
    report_.blame(Verdict::changed, std::move(why));
    stopped_ = true;
  }
  // What is wrong with what was read is a finding, what keeps from reading it an error.
  Result<void> stop_or_fail(Error error) {
    if (error.error_number() != 0 && error.kind() != ErrorKind::invalid) return error;
    stop(error.message());
    return {};
  }

  const LogDirectory& log_;
  const LogCheck& check_;
  const TailReader& tail_;
  TileFolder folder_;
  RecordHeadReader heads_;
  RecordRules rules_;
  AnchorCheck anchors_;
  std::optional<EpochRules> epochs_;
  bool has_seals_ = false;
  std::optional<codec::Note> checkpoint_;
  TreeBuilder tree_;
  // Of each policy that was loaded, the hash of the document that is kept of it.
  std::map<codec::Sha256Digest, codec::Sha256Digest> documents_;
  LogReport report_;
  bool stopped_ = false;
  // Of the last record behind the checkpoint.
  std::optional<std::pair<WallTime, Duration>> tail_end_;
  std::string tail_boot_;
};

Result<std::optional<std::string>> Verifier::read_file(std::string_view name,
                                                       std::size_t max_bytes) {
  auto bytes = log_.read(name, max_bytes);
  if (bytes) return bytes;
  if (bytes.error().kind() != ErrorKind::limit && bytes.error().kind() != ErrorKind::denied)
    return bytes;
  if (bytes.error().error_number() != 0) return bytes;
  report_.blame(Verdict::changed, bytes.error().message());
  return std::optional<std::string>();
}

Result<void> Verifier::open_seal() {
  const auto key_text = TRY(read_file(kPublicKeyName, kMaxKeyBytes));
  const auto note = TRY(read_file(kCheckpointName, codec::kMaxCheckpointBytes));
  std::optional<codec::NoteKey> own;
  if (key_text) {
    if (auto parsed = parse_public_key(*key_text); parsed)
      own = *std::move(parsed);
    else
      report_.blame(Verdict::changed,
                    std::format("{}: {}", kPublicKeyName, parsed.error().message()));
  }
  if (check_.key && own && *own != *check_.key)
    report_.blame(Verdict::changed,
                  std::format("{} is not the key that was given", kPublicKeyName));
  report_.key_from_log = !check_.key && own;
  const std::optional<codec::NoteKey>& key = check_.key ? check_.key : own;
  if (!key) {
    report_.blame(Verdict::incomplete, "no key to check the checkpoint with");
    return {};
  }
  report_.origin = key->name();
  if (!note) {
    report_.blame(Verdict::incomplete, "no checkpoint");
    return {};
  }
  const auto opened = codec::open_checkpoint(*note, std::span(&*key, 1));
  if (!opened) {
    report_.blame(Verdict::changed, opened.error().message());
    return {};
  }
  report_.sealed = opened->checkpoint.tree;
  checkpoint_ = TRY(codec::parse_note(*note));
  return {};
}

Result<void> Verifier::open_epochs() {
  const auto text = TRY(read_file(kEpoch0Name, kMaxKeyBytes));
  std::optional<codec::NoteKey> own;
  if (text) {
    if (auto parsed = parse_public_key(*text); parsed)
      own = *std::move(parsed);
    else
      report_.blame(Verdict::changed, std::format("{}: {}", kEpoch0Name, parsed.error().message()));
  }
  if (check_.epoch0 && own && *own != *check_.epoch0)
    report_.blame(Verdict::changed, std::format("{} is not the key that was given", kEpoch0Name));
  report_.epoch0_from_log = !check_.epoch0 && own;
  const std::optional<codec::NoteKey>& key = check_.epoch0 ? check_.epoch0 : own;
  if (!key || report_.origin.empty()) return {};
  auto rules = EpochRules::make(report_.origin, *key);
  if (rules)
    epochs_ = *std::move(rules);
  else
    report_.blame(Verdict::changed, rules.error().message());
  return {};
}

// What is signed, now that the tree is as large.
void Verifier::check_seal() {
  if (!report_.sealed || tree_.size() != report_.sealed->size) return;
  if (tree_.root() != report_.sealed->root)
    return stop(std::format("the first {} records are not those that were signed", tree_.size()));
  if (!epochs_ || !checkpoint_) return;
  if (auto checked = epochs_->check_checkpoint(*checkpoint_); !checked)
    report_.blame(
        checked.error().kind() == ErrorKind::not_found ? Verdict::incomplete : Verdict::changed,
        checked.error().message());
}

void Verifier::measure_tail(const RecordHead& record) {
  if (tail_end_) {
    const bool same_run = record.boot_id == tail_boot_;
    const Duration step =
        same_run ? record.since_boot - tail_end_->second
                 : Duration(microseconds(record.wall.microseconds - tail_end_->first.microseconds));
    report_.tail += std::max(step, Duration::zero());
  }
  tail_end_ = {record.wall, record.since_boot};
  tail_boot_ = record.boot_id;
}

Result<void> Verifier::take_record(std::string_view bytes) {
  const std::uint64_t index = report_.records;
  const auto bad = [&](const Error& error) {
    report_.bad_record = index;
    stop(std::format("record {}: {}", index, error.message()));
  };
  const auto record = heads_.read(bytes);
  const codec::Sha256Digest leaf = codec::leaf_hash(bytes);
  if (!record) {
    bad(record.error());
    return {};
  }
  if (auto taken = rules_.take(*record, leaf); !taken) {
    bad(taken.error());
    return {};
  }
  has_seals_ = has_seals_ || is_seal(record->kind);
  if (epochs_) {
    if (auto taken = epochs_->take(*record, bytes, tree_); !taken) {
      bad(taken.error());
      return {};
    }
  }
  report_.count(*record);
  if (record->kind == RecordKind::policy_load) note_policy(bytes);
  if (index >= sealed_size()) measure_tail(*record);
  for (const HashTile& tile : tree_.add(leaf)) {
    const std::string hashes = codec::format_hash_tile(tile.hashes);
    TRY(check_copies(known_hashes(tile.place.row.level(), tile.place.index, hashes)));
  }
  check_anchors();
  check_seal();
  return {};
}

void Verifier::check_anchors() {
  if (auto taken = anchors_.take(tree_); !taken) stop(taken.error().message());
}

void Verifier::note_policy(std::string_view bytes) {
  const auto record = parse_record(bytes);
  const std::string* policy = record ? record->json.get_string("pol") : nullptr;
  const std::string* document = record ? record->json.get_string("doc") : nullptr;
  if (policy == nullptr || document == nullptr) return;
  const auto digest = codec::Sha256Digest::parse_hex(*policy);
  const auto kept = codec::Sha256Digest::parse_hex(*document);
  if (!digest || !kept) return;
  if (documents_.size() == kMaxPolicies && !documents_.contains(*digest))
    return stop("more policies than a log may know");
  documents_.insert_or_assign(*digest, *kept);
}

Result<void> Verifier::check_copies(const KnownTile& known) {
  const unsigned needed = needed_width(known.row, known.index, sealed_size());
  bool found = needed == 0;
  const auto widths = folder_.widths(known.row, known.index);
  if (!widths) return stop_or_fail(widths.error());
  for (const unsigned width : *widths) {
    found = found || width == needed || width == codec::kTileWidth;
    if (known.row.is_entries() && width == known.ends.size()) continue;  // it was read from there
    const TilePlace place{.row = known.row, .index = known.index, .width = width};
    const auto stored = folder_.read(place);
    if (!stored) return stop_or_fail(stored.error());
    if (!*stored) continue;  // given up meanwhile, for the full one
    if (!agrees(known, width, **stored)) {
      stop(codec::tile_path(place) + " does not hold what the records say");
      return {};
    }
  }
  if (!found)
    report_.blame(Verdict::incomplete,
                  codec::tile_path({.row = known.row, .index = known.index, .width = needed}) +
                      " is missing");
  return {};
}

Result<void> Verifier::read_bundle(const TilePlace& place) {
  const auto bytes = read_front(folder_, place);
  if (!bytes) return stop_or_fail(bytes.error());
  const auto records = TRY(codec::parse_bundle(*bytes, place.width));
  TRY(check_copies(known_bundle(place.index, *bytes, records)));
  for (const std::string_view record : records) {
    if (stopped_) return {};
    TRY(take_record(record));
  }
  return {};
}

Result<void> Verifier::read_tail() {
  while (!stopped_) {
    const auto record = TRY(tail_(report_.records));
    if (!record) return {};
    TRY(take_record(*record));
  }
  return {};
}

// The tiles that are not full: what of them is stored is the beginning of what is known.
Result<void> Verifier::check_edges() {
  for (unsigned level = 0; level < codec::kTileLevels && !stopped_; ++level) {
    if (tree_.edge(level).empty()) continue;
    const std::string hashes = codec::format_hash_tile(tree_.edge(level));
    const std::uint64_t index = codec::hashes_at(tree_.size(), level) / codec::kTileWidth;
    TRY(check_copies(known_hashes(level, index, hashes)));
  }
  return {};
}

Result<void> Verifier::check_policies() {
  for (const auto& [policy, document] : documents_) {
    const std::string name = std::format("{}/{}", kPoliciesName, policy.hex());
    const auto bytes = TRY(read_file(name, kMaxDocumentBytes));
    if (!bytes)
      report_.blame(Verdict::incomplete, name + " is missing");
    else if (codec::sha256(*bytes) != document)
      report_.blame(Verdict::changed, name + " is not the policy that was loaded");
  }
  return {};
}

// Hashes of records that are not there.
void Verifier::check_extent(const TileFolder::Survey& survey) {
  for (const auto& [row, last] : survey.last)
    if (last.index * codec::kTileWidth + last.width > codec::hashes_at(tree_.size(), row.level()))
      report_.blame(Verdict::incomplete,
                    codec::tile_path(last) + " speaks of records that are not there");
}

Result<void> Verifier::read_all(const TileFolder::Survey& survey) {
  if (const auto last = survey.last.find(kEntries); last != survey.last.end()) {
    TilePlace place = last->second;
    for (place.index = 0; place.index <= last->second.index && !stopped_; ++place.index) {
      const bool is_last = place.index == last->second.index;
      place.width = is_last ? last->second.width : codec::kTileWidth;
      TRY(read_bundle(place));
    }
  }
  TRY(read_tail());
  if (stopped_) return {};
  TRY(check_edges());
  if (!stopped_) check_extent(survey);
  return check_policies();
}

// What keeps a log that nothing contradicts from being good.
void Verifier::judge() {
  report_.sessions = rules_.chains().sessions();
  report_.open_calls = rules_.open_calls();
  report_.clock_steps = rules_.clock_steps();
  if (epochs_) report_.epochs = epochs_->number();
  if (!epochs_ && has_seals_) report_.blame(Verdict::incomplete, "no key to check the epochs with");
  if (auto finished = anchors_.finish(); !finished)
    report_.blame(Verdict::changed, finished.error().message());
  const std::uint64_t size = std::min(sealed_size(), report_.records);
  if (size < check_.min_size)
    report_.blame(Verdict::changed,
                  std::format("cut: there were at least {} records, {} are there and sealed",
                              check_.min_size, size));
  if (sealed_size() > report_.records)
    report_.blame(Verdict::incomplete,
                  std::format("cut: the checkpoint speaks of {} records, {} are there",
                              sealed_size(), report_.records));
  if (report_.gaps > 0)
    report_.blame(Verdict::incomplete, "records were lost, and the loss was accepted");
  if (report_.unsealed() > 0 && (!check_.max_tail || report_.tail > *check_.max_tail))
    report_.blame(Verdict::incomplete,
                  std::format("{} records are behind the checkpoint", report_.unsealed()));
  if (report_.records == 0) report_.blame(Verdict::incomplete, "no records");
}

Result<LogReport> Verifier::run() && {
  TRY(open_seal());
  TRY(open_epochs());
  check_anchors();
  check_seal();
  auto survey = folder_.survey();
  if (!survey) {
    TRY(stop_or_fail(std::move(survey).error()));
  } else {
    if (survey->strange)
      report_.blame(Verdict::changed, *survey->strange + " has no place in a log");
    TRY(read_all(*survey));
  }
  judge();
  return std::move(report_);
}

}  // namespace

Result<LogReport> verify_tiles(const LogDirectory& log, const LogCheck& check,
                               const TailReader& tail, Random& random) {
  return Verifier(log, check, tail, random).run();
}

}  // namespace glovebox::audit
