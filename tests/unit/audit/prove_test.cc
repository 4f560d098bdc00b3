#include "audit/prove.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <format>

#include "audit/proof_text.h"
#include "audit/tile_folder.h"
#include "audit/trust_policy.h"
#include "codec/cosignature.h"
#include "codec/tlog_proof.h"
#include "tile_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

struct Fixture {
  TileLog log;
  std::string checkpoint;
  std::vector<codec::NoteKey> known{log.key().public_key};

  explicit Fixture(std::size_t count = 600) {
    log.add_samples(count);
    checkpoint = log.publish();
  }
  Result<std::string> prove(std::uint64_t index) const {
    return prove_record(TileFolder(log.directory()), checkpoint, known[0], index);
  }
};

// A source that answers with one tile for all, to make a proof of a log that nobody could store.
class EndlessTiles final : public TileSource {
 public:
  explicit EndlessTiles(std::string record) : record_(std::move(record)) {}
  Result<std::optional<std::string>> read(const codec::TilePlace& place) const override {
    std::string bytes;
    for (unsigned i = 0; i < place.width; ++i) {
      if (place.row.is_entries())
        codec::append_to_bundle(bytes, record_).value();
      else
        bytes += hash_at(place.row.level()).view();
    }
    return std::optional<std::string>(std::move(bytes));
  }
  // The root of 256^level leaves that are all this record.
  codec::Sha256Digest hash_at(unsigned level) const {
    codec::Sha256Digest hash = codec::leaf_hash(record_);
    for (unsigned i = 0; i < level * codec::kTileHeight; ++i) hash = codec::node_hash(hash, hash);
    return hash;
  }

 private:
  std::string record_;
};

}  // namespace

TEST_CASE("what is not sealed, or not by this key, is not proved") {
  Fixture fixture(5);
  CHECK(fixture.prove(5).error().kind() == ErrorKind::limit);
  fixture.log.add_samples(1);
  CHECK(fixture.prove(5).error().message() ==
        "record 5 is not sealed: the checkpoint speaks of 5 records");
  const codec::NoteKey other = note_key(test_key(9), kOrigin);
  CHECK(prove_record(TileFolder(fixture.log.directory()), fixture.checkpoint, other, 0)
            .error()
            .kind() == ErrorKind::denied);
}

TEST_CASE("tiles that were changed prove nothing") {
  // The hash of record 0 is in the proof of record 1.
  for (const auto& [name, index] : {std::pair("tile/0/000.p/5", 1), {"tile/entries/000.p/5", 0}}) {
    CAPTURE(name);
    Fixture fixture(5);
    std::string bytes = read(fixture.log / name);
    bytes[5] = static_cast<char>(bytes[5] ^ 1);
    write(fixture.log / name, bytes);
    CHECK(fixture.prove(index).error().kind() == ErrorKind::conflict);
    std::filesystem::remove(fixture.log / name);
    CHECK(fixture.prove(index).error().kind() == ErrorKind::not_found);
  }
}

TEST_CASE("every record has a proof that holds without the log") {
  const Fixture fixture;
  for (std::uint64_t index = 0; index < 600; index += 7) {
    CAPTURE(index);
    const std::string proof = fixture.prove(index).value();
    const auto proven = check_proof(proof, fixture.known);
    REQUIRE(proven);
    CHECK(proven->index == index);
    CHECK(proven->bytes == fixture.log.records[index]);
    CHECK(proven->seal.checkpoint.tree == fixture.log.store().head());
  }
}

TEST_CASE("a proof with any one byte changed is refused") {
  const Fixture fixture(300);
  const std::string proof = fixture.prove(123).value();
  REQUIRE(check_proof(proof, fixture.known));
  for (std::size_t at = 0; at < proof.size(); ++at) {
    for (const char mask : {'\x01', '\x20', '\x80'}) {
      std::string changed = proof;
      changed[at] = static_cast<char>(changed[at] ^ mask);
      CAPTURE(at);
      REQUIRE_FALSE(check_proof(changed, fixture.known));
    }
  }
  for (std::size_t size = 0; size < proof.size(); ++size)
    REQUIRE_FALSE(check_proof(proof.substr(0, size), fixture.known));
}

TEST_CASE("a proof of another log, place or record is refused") {
  const Fixture fixture(300);
  const codec::TlogProof good = codec::parse_tlog_proof(fixture.prove(123).value()).value();
  const auto kind = [&](const codec::TlogProof& proof) {
    return check_proof(codec::format_tlog_proof(proof), fixture.known).error().kind();
  };
  codec::TlogProof changed = good;
  changed.index = 124;
  CHECK(kind(changed) == ErrorKind::denied);
  changed.index = 300;
  CHECK(kind(changed) == ErrorKind::invalid);
  changed = good;
  changed.extra = fixture.log.records[124];
  CHECK(kind(changed) == ErrorKind::denied);
  changed.extra.reset();
  CHECK(kind(changed) == ErrorKind::invalid);
  changed = good;
  changed.hashes.pop_back();
  CHECK(kind(changed) == ErrorKind::invalid);

  const std::string text = codec::format_tlog_proof(good);
  CHECK(check_proof(text, {}).error().kind() == ErrorKind::denied);
  const std::vector<codec::NoteKey> others{note_key(test_key(9), kOrigin)};
  CHECK(check_proof(text, others).error().kind() == ErrorKind::denied);
  const std::vector<codec::NoteKey> several{others[0], fixture.known[0]};
  CHECK(check_proof(text, several));
}

TEST_CASE("what is proved must be a record") {
  TileLog log;
  log.add("not a record");
  const std::string checkpoint = log.publish();
  const std::string proof =
      prove_record(TileFolder(log.directory()), checkpoint, log.key().public_key, 0).value();
  const std::vector<codec::NoteKey> known{log.key().public_key};
  CHECK(check_proof(proof, known).error().kind() == ErrorKind::invalid);
}

TEST_CASE("a proof out of ten million records is small") {
  constexpr std::uint64_t kSize = 10'000'000;
  constexpr std::size_t kMostBytes = 1740;  // 1.7 KiB, without the record
  RecordMaker maker;
  const std::string record = maker.make(RecordKind::boot);
  const EndlessTiles tiles(record);
  // The root of that tree, from what the tiles say.
  std::optional<codec::Sha256Digest> root;
  for (unsigned level = 0; level < codec::kTileLevels; ++level) {
    std::vector<codec::Sha256Digest> hashes(codec::edge_width(kSize, level), tiles.hash_at(level));
    if (root) hashes.push_back(*root);
    if (!hashes.empty()) root = codec::root_of(hashes);
  }
  const codec::Ed25519PrivateKey key = test_key();
  const codec::NoteKey known = note_key(key, kOrigin);
  const std::string checkpoint =
      codec::sign_checkpoint({.origin = kOrigin, .tree = {.size = kSize, .root = *root}}, key)
          .value();
  const std::string proof = prove_record(tiles, checkpoint, known, kSize / 2 + 3).value();
  REQUIRE(check_proof(proof, std::span(&known, 1)));
  codec::TlogProof parts = codec::parse_tlog_proof(proof).value();
  CHECK(parts.hashes.size() == 24);
  // Two signatures more, of an epoch and of a witness, still fit.
  codec::Note note = codec::parse_note(parts.checkpoint).value();
  for (const std::string& name : {kOrigin + "/epoch/12345", std::string("witness.example/w1")})
    note.signatures.push_back(codec::sign_note(note.text, name, test_key(5)).value());
  parts.checkpoint = codec::format_note(note);
  parts.extra.reset();
  CHECK(codec::format_tlog_proof(parts).size() <= kMostBytes);
}

TEST_CASE("a proof is checked by a policy that asks for witnesses") {
  const Fixture fixture(20);
  const std::string log = std::format("log {}\n", fixture.known[0].to_string());
  const auto witness = [](std::uint8_t seed) {
    return codec::CosignerKey::make("w.example", test_key(seed).public_key())->to_string();
  };
  const std::string proof = fixture.prove(7).value();
  const auto none = TrustPolicy::parse(log + "quorum none\n").value();
  const auto one =
      TrustPolicy::parse(std::format("{}witness w {}\nquorum w\n", log, witness(50))).value();
  CHECK(check_trusted_proof(proof, one).error().kind() == ErrorKind::denied);
  CHECK(check_trusted_proof("", none).error().kind() == ErrorKind::invalid);
  REQUIRE(check_trusted_proof(proof, none));
  CHECK(check_trusted_proof(proof, none)->witnesses.empty());

  codec::TlogProof parts = codec::parse_tlog_proof(proof).value();
  codec::Note note = codec::parse_note(parts.checkpoint).value();
  note.signatures.push_back(
      codec::cosign(note.text, "w.example", test_key(50), {1'795'534'999}).value());
  parts.checkpoint = codec::format_note(note);
  const std::string cosigned = codec::format_tlog_proof(parts);
  const auto checked = check_trusted_proof(cosigned, one);
  REQUIRE(checked);
  CHECK(checked->proven.index == 7);
  CHECK(checked->witnesses.size() == 1);
  // What is said of it.
  const std::string text = proof_text(*checked, one).value();
  for (const std::string_view part :
       {"good: record 7 is in the log example.com/glovebox/m1/2026\n", "  record: #7 2026-11-2",
        "tree: 20 records, root ", "signed by: example.com/glovebox/m1/2026+",
        "cosigned by: w.example at 2026-11-24T15:43:19.000000Z\n",
        "witnesses needed: w.example\n"}) {
    INFO(text);
    CHECK(text.contains(part));
  }
  const codec::Json json = proof_json(*checked, one);
  CHECK(json.get_int("index") == 7);
  CHECK(*json.get_string("leaf") == codec::leaf_hash(fixture.log.records[7]).hex());
  CHECK(json.get_array("witnesses")->size() == 1);
  CHECK(*json.get("record") == codec::parse_json(fixture.log.records[7]).value());
  CHECK(proof_text(*check_trusted_proof(proof, none), none)->contains("witnesses needed: none\n"));
}

TEST_CASE("what a proof says cannot steer a terminal") {
  // A record and an origin that nobody of ours would write, signed by a log that is trusted.
  const std::string origin = "evil.example/\xe2\x80\xaelog";
  TileLog log;
  codec::JsonObject members;
  members.set("tool", "x\x1b[2J\ngood: record 0 is in the log you trust");
  const std::string record = log.maker.make(RecordKind::tool_intent, "s", "t", std::move(members));
  const codec::Ed25519PrivateKey key = test_key(3);
  const codec::Checkpoint sealed{.origin = origin,
                                 .tree = {.size = 1, .root = codec::leaf_hash(record)}};
  const codec::TlogProof proof{.extra = record,
                               .index = 0,
                               .hashes = {},
                               .checkpoint = codec::sign_checkpoint(sealed, key).value()};
  const TrustPolicy trust = TrustPolicy::of_log(note_key(key, origin));
  const auto checked = check_trusted_proof(codec::format_tlog_proof(proof), trust);
  REQUIRE(checked);
  const std::string text = proof_text(*checked, trust).value();
  CHECK(std::ranges::count(text, '\n') == 6);
  CHECK(std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
}
