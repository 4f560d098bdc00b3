#include "audit/prove.h"

#include <format>
#include <utility>

#include "audit/tree_proof.h"
#include "codec/tlog_proof.h"
#include "codec/tlog_tile.h"

namespace glovebox::audit {

namespace {

Result<std::string> read_record(const TileSource& tiles, std::uint64_t index, std::uint64_t size) {
  const std::uint64_t bundle = index / codec::kTileWidth;
  const auto place = static_cast<unsigned>(index % codec::kTileWidth);
  const bool full = bundle < size / codec::kTileWidth;
  const codec::TilePlace where{.row = codec::TileRow::entries(),
                               .index = bundle,
                               .width = full ? codec::kTileWidth : codec::edge_width(size, 0)};
  const std::string bytes = TRY(read_front(tiles, where));
  return std::string(TRY(codec::parse_bundle(bytes, where.width))[place]);
}

Result<codec::TlogProof> parse_with_record(std::string_view proof) {
  codec::TlogProof parsed = TRY(codec::parse_tlog_proof(proof));
  if (!parsed.extra) return Error(ErrorKind::invalid, "proof: without its record");
  return parsed;
}

// `seal`: of the checkpoint in the proof, by somebody who is trusted.
Result<ProvenRecord> check_record(codec::TlogProof parsed, codec::OpenedCheckpoint seal) {
  TRY_CONTEXT(codec::check_inclusion(seal.checkpoint.tree, parsed.index,
                                     codec::leaf_hash(*parsed.extra), parsed.hashes),
              "proof");
  Record record = TRY_CONTEXT(parse_record(*parsed.extra), "proof: the record");
  return ProvenRecord{.index = parsed.index,
                      .bytes = *std::move(parsed.extra),
                      .record = std::move(record),
                      .seal = std::move(seal)};
}

}  // namespace

Result<std::string> prove_record(const TileSource& tiles, std::string_view checkpoint,
                                 const codec::NoteKey& key, std::uint64_t index) {
  const codec::TreeHead tree =
      TRY(codec::open_checkpoint(checkpoint, std::span(&key, 1))).checkpoint.tree;
  if (index >= tree.size)
    return Error(ErrorKind::limit,
                 std::format("record {} is not sealed: the checkpoint speaks of {} records", index,
                             tree.size));
  codec::TlogProof proof{.extra = TRY(read_record(tiles, index, tree.size)),
                         .index = index,
                         .hashes = TRY(TreeReader(tiles, tree.size).prove_inclusion(index)),
                         .checkpoint = std::string(checkpoint)};
  if (auto checked =
          codec::check_inclusion(tree, index, codec::leaf_hash(*proof.extra), proof.hashes);
      !checked)
    return Error(ErrorKind::conflict, std::format("record {}: the tiles do not lead to the root "
                                                  "that was signed; run audit verify",
                                                  index));
  return codec::format_tlog_proof(proof);
}

Result<ProvenRecord> check_proof(std::string_view proof, std::span<const codec::NoteKey> logs) {
  codec::TlogProof parsed = TRY(parse_with_record(proof));
  auto seal = TRY(codec::open_checkpoint(parsed.checkpoint, logs));
  return check_record(std::move(parsed), std::move(seal));
}

Result<ProvenRecord> check_proof_under(std::string_view proof, std::string_view checkpoint,
                                       const codec::OpenedCheckpoint& seal) {
  codec::TlogProof parsed = TRY(parse_with_record(proof));
  if (parsed.checkpoint != checkpoint)
    return Error(ErrorKind::invalid, "proof: of another checkpoint");
  return check_record(std::move(parsed), seal);
}

Result<TrustedRecord> check_trusted_proof(std::string_view proof, const TrustPolicy& trust) {
  codec::TlogProof parsed = TRY(parse_with_record(proof));
  TrustedCheckpoint opened = TRY(trust.open(parsed.checkpoint));
  return TrustedRecord{TRY(check_record(std::move(parsed), std::move(opened.seal))),
                       std::move(opened.witnesses)};
}

}  // namespace glovebox::audit
