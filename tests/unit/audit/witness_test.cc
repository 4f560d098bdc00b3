#include "audit/witness.h"

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <string>
#include <vector>

#include "audit/tree_proof.h"
#include "audit/witness_store.h"
#include "tile_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

const std::string kName = "witness.example/w1";

class MemoryStore final : public WitnessStore {
 public:
  Result<std::optional<std::string>> load(std::string_view origin) override {
    const auto found = notes.find(std::string(origin));
    if (found == notes.end()) return std::optional<std::string>();
    return std::optional<std::string>(found->second);
  }
  Result<void> store(std::string_view origin, std::string_view note) override {
    ++stores;
    if (fails) return Error(ErrorKind::io, "no");
    notes[std::string(origin)] = note;
    return {};
  }
  std::map<std::string, std::string> notes;
  bool fails = false;
  int stores = 0;
};

// A log whose every size can be signed and proved.
struct Log {
  explicit Log(std::uint8_t seed = 1, std::size_t changed = 1000) : key(test_key(seed)) {
    for (std::size_t i = 0; i < 40; ++i) {
      tiles.add(codec::leaf_hash("record " + std::to_string(i == changed ? 1000 + i : i)));
      tiles.put_partials();
      heads.push_back(tiles.tree.head());
    }
  }
  codec::TreeHead head(std::size_t size) const {
    return size == 0 ? TreeBuilder().head() : heads.at(size - 1);
  }
  std::string note(std::size_t size) const {
    return codec::sign_checkpoint({.origin = kOrigin, .tree = head(size)}, key).value();
  }
  std::vector<codec::Sha256Digest> proof(std::size_t from, std::size_t to) const {
    if (from == 0 || from == to) return {};
    return TreeReader(tiles, to).prove_consistency(from).value();
  }
  std::string request(std::size_t from, std::size_t to) const {
    return format_add_checkpoint({.old_size = from, .proof = proof(from, to), .note = note(to)});
  }

  codec::Ed25519PrivateKey key;
  MemoryTiles tiles;
  std::vector<codec::TreeHead> heads;
};

struct World {
  World() { start(); }
  void start() {
    witness.emplace(
        Witness::make(kName, test_key(90), {note_key(log.key, kOrigin)}, store, clock).value());
  }
  unsigned add(std::size_t from, std::size_t to) {
    return witness->add_checkpoint(log.request(from, to)).status;
  }
  Log log;
  MemoryStore store;
  HeldClock clock;
  std::optional<Witness> witness;
};

}  // namespace

TEST_CASE("a witness that could be mistaken for a log, or has none, is refused") {
  MemoryStore store;
  const HeldClock clock;
  const auto make = [&](std::string_view name, std::vector<codec::NoteKey> logs) {
    return Witness::make(name, test_key(90), std::move(logs), store, clock);
  };
  CHECK_FALSE(make(kName, {}));
  CHECK_FALSE(make("with space", {note_key(test_key(1), kOrigin)}));
  CHECK_FALSE(make(kName, {note_key(test_key(1), kOrigin), note_key(test_key(90), "other")}));
  CHECK(make(kName, {note_key(test_key(1), kOrigin)}));
  // What is stored is not what the log signed.
  store.notes[kOrigin] = Log(2).note(5);
  CHECK(make(kName, {note_key(test_key(1), kOrigin)}).error().kind() == ErrorKind::conflict);
  store.notes[kOrigin] = "";
  CHECK_FALSE(make(kName, {note_key(test_key(1), kOrigin)}));
}

TEST_CASE("what a witness does not cosign") {
  const Log fork(1, 3), stranger(2);
  const auto with = [](const Log& log, std::size_t old, std::vector<codec::Sha256Digest> proof,
                       std::size_t size) {
    return format_add_checkpoint(
        {.old_size = old, .proof = std::move(proof), .note = log.note(size)});
  };
  World world;
  REQUIRE(world.add(0, 5) == 200);
  const std::string state = world.store.notes[kOrigin];
  const Log& log = world.log;
  auto wrong = log.proof(5, 9);
  wrong[0].bytes[0] ^= 1;
  auto longer = log.proof(5, 9);
  longer.push_back(longer[0]);
  std::string bad_signature = log.note(9);
  bad_signature[bad_signature.size() - 10] ^= 4;
  const std::string other_log =
      codec::sign_checkpoint({.origin = "example.com/other", .tree = log.head(9)}, log.key).value();
  const std::string extended = codec::format_note(
      {.text = codec::checkpoint_text({.origin = kOrigin, .tree = log.head(9)}) + "more\n",
       .signatures = {
           codec::sign_note(
               codec::checkpoint_text({.origin = kOrigin, .tree = log.head(9)}) + "more\n", kOrigin,
               log.key)
               .value()}});
  const struct {
    const char* name;
    std::string body;
    unsigned status;
  } rows[] = {
      {"nothing", "", 400},
      {"a checkpoint with more lines", "old 5\n\n" + extended, 400},
      {"a log that is not watched", "old 5\n\n" + other_log, 404},
      {"signed by somebody else", with(stranger, 5, log.proof(5, 9), 9), 403},
      {"a bad signature", "old 5\n\n" + bad_signature, 403},
      {"an old size beyond", with(log, 9, {}, 5), 400},
      {"an old size that is not known", log.request(3, 9), 409},
      {"as if it knew nothing", log.request(0, 9), 409},
      {"smaller than what is known", log.request(3, 4), 409},
      {"no proof", with(log, 5, {}, 9), 422},
      {"a wrong proof", with(log, 5, wrong, 9), 422},
      {"a longer proof", with(log, 5, longer, 9), 422},
      {"the proof of another size", with(log, 5, log.proof(5, 10), 9), 422},
      {"another history", with(fork, 5, fork.proof(5, 9), 9), 422},
      {"another history of the same size", with(fork, 5, {}, 5), 422},
      {"the same size with a proof", with(log, 5, log.proof(4, 5), 5), 422},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const WitnessAnswer answer = world.witness->add_checkpoint(row.body);
      CHECK(answer.status == row.status);
      CHECK_FALSE(answer.body.contains("\u2014"));
      CHECK(world.store.notes[kOrigin] == state);
      CHECK(world.witness->known(kOrigin) == log.head(5));
      if (row.status == 409) {
        CHECK(answer.body == "5\n");
        CHECK(answer.content_type == "text/x.tlog.size");
      }
    }
  }
}

TEST_CASE("a tree of size zero is the empty one, and needs no proof") {
  World world;
  const std::string other =
      codec::sign_checkpoint({.origin = kOrigin, .tree = {.size = 0, .root = codec::sha256("x")}},
                             world.log.key)
          .value();
  CHECK(world.witness->add_checkpoint("old 0\n\n" + other).status == 422);
  CHECK(world.witness
            ->add_checkpoint(format_add_checkpoint(
                {.old_size = 0, .proof = {codec::sha256("x")}, .note = world.log.note(3)}))
            .status == 422);
  CHECK_FALSE(world.witness->known(kOrigin));
  CHECK(world.add(0, 0) == 200);
  CHECK(world.add(0, 3) == 200);
}

TEST_CASE("nothing is cosigned that was not stored before") {
  World world;
  REQUIRE(world.add(0, 5) == 200);
  world.store.fails = true;
  const WitnessAnswer answer = world.witness->add_checkpoint(world.log.request(5, 9));
  CHECK(answer.status == 500);
  CHECK_FALSE(answer.body.contains("\u2014"));
  // What is on the disk now, nobody knows: nothing more of this log in this run.
  world.store.fails = false;
  CHECK(world.add(5, 9) == 500);
  CHECK(world.add(5, 5) == 500);
  world.start();
  CHECK(world.witness->known(kOrigin) == world.log.head(5));
  CHECK(world.add(5, 9) == 200);
}

TEST_CASE("a log that grows is cosigned at every step, over starts too") {
  World world;
  const codec::CosignerKey key = codec::CosignerKey::make(kName, test_key(90).public_key()).value();
  std::size_t before = 0;
  for (const std::size_t size : {1, 2, 5, 5, 17, 32, 40}) {
    CAPTURE(size);
    const int stores = world.store.stores;
    const WitnessAnswer answer = world.witness->add_checkpoint(world.log.request(before, size));
    REQUIRE(answer.status == 200);
    const auto reply =
        read_witness_answer(200, answer.body, world.log.note(size), std::span(&key, 1));
    REQUIRE(reply);
    CHECK(reply->cosignatures.front().time.seconds == 1'795'534'951);
    CHECK(world.store.stores == stores + (size == before ? 0 : 1));
    CHECK(world.witness->known(kOrigin) == world.log.head(size));
    before = size;
    world.start();
    CHECK(world.witness->known(kOrigin) == world.log.head(size));
  }
  // Put back to an older state it gets no signature any more.
  CHECK(world.add(17, 32) == 409);
}

TEST_CASE("a log with two keys is one log") {
  Log old_key(1), new_key(3);
  MemoryStore store;
  const HeldClock clock;
  Witness witness =
      Witness::make(kName, test_key(90),
                    {note_key(old_key.key, kOrigin), note_key(new_key.key, kOrigin)}, store, clock)
          .value();
  CHECK(witness.add_checkpoint(old_key.request(0, 5)).status == 200);
  CHECK(witness.add_checkpoint(new_key.request(5, 9)).status == 200);
  CHECK(witness.add_checkpoint(old_key.request(5, 9)).body == "9\n");
}

TEST_CASE("what a witness knows lies in its folder") {
  Folder folder;
  const HeldClock clock;
  const Log log;
  {
    const LogDirectory place = LogDirectory::open_to_write(folder / "w").value();
    WitnessFolder store(place);
    CHECK_FALSE(store.load(kOrigin)->has_value());
    Witness witness =
        Witness::make(kName, test_key(90), {note_key(log.key, kOrigin)}, store, clock).value();
    REQUIRE(witness.add_checkpoint(log.request(0, 5)).status == 200);
    CHECK(read(folder / "w" / codec::sha256(kOrigin).hex()) == log.note(5));
    // Two at once would each know half.
    CHECK(LogDirectory::open_to_write(folder / "w").error().kind() == ErrorKind::exists);
    std::filesystem::rename(folder / "w", folder / "moved");
    CHECK(witness.add_checkpoint(log.request(5, 9)).status == 500);
    std::filesystem::rename(folder / "moved", folder / "w");
  }
  const LogDirectory place = LogDirectory::open_to_write(folder / "w").value();
  WitnessFolder store(place);
  const Witness witness =
      Witness::make(kName, test_key(90), {note_key(log.key, kOrigin)}, store, clock).value();
  CHECK(witness.known(kOrigin) == log.head(5));
}
