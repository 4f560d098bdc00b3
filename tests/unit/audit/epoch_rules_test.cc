#include "audit/epoch_rules.h"

#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <string>
#include <vector>

#include "../salted_record.h"

#include "epoch_world.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

// A log of several epochs with all of its secrets, as nobody has them, and what an attacker makes
// of it.
class Chain {
 public:
  codec::Ed25519PrivateKey key(std::uint64_t epoch) const {
    return test_key(static_cast<std::uint8_t>(7 * (epoch + 1)));
  }
  codec::NoteKey epoch0() const { return note_key(key(0), epoch_key_name(kOrigin, 0)); }
  std::uint64_t epoch() const { return epoch_; }

  void record(RecordKind kind = RecordKind::config, codec::JsonObject members = {}) {
    const RecordStamp stamp{
        .wall = {wall}, .since_boot = microseconds(boot), .boot_id = run, .previous = {}};
    records.push_back(
        glovebox::test::salted_record(kind, stamp, "", "", std::move(members)).value());
    (void)tree_.add(codec::leaf_hash(records.back()));
  }
  EpochSeal next_seal() const {
    return {
        .epoch = epoch_, .tree = tree_.head(), .at = {wall}, .next = key(epoch_ + 1).public_key()};
  }
  void seal() { seal(next_seal(), key(epoch_)); }
  void seal(const EpochSeal& seal, const codec::Ed25519PrivateKey& by,
            std::string_view origin = kOrigin) {
    const auto epoch_is = tree_.size() == first_ ? EpochIs::empty : EpochIs::filled;
    record(seal_kind(epoch_is), sign_seal(seal, origin, by));
    ++epoch_;
    first_ = tree_.size();
  }
  void pass(std::int64_t s) {
    wall += s * 1'000'000;
    boot += s * 1'000'000;
  }
  void new_run(std::string id) {
    run = std::move(id);
    boot = 1'000'000;
  }
  // Cuts the log to so many records. The keys of later epochs stay where the attacker cannot know.
  void cut(std::size_t size) {
    records.resize(size);
    tree_ = EpochWorld::tree_of(records, size);
  }
  codec::TreeHead head() const { return tree_.head(); }

  std::vector<std::string> records;
  std::int64_t wall = 1'795'534'951'000'000;
  std::int64_t boot = 5'000'000;
  std::string run = "b1";

 private:
  TreeBuilder tree_;
  std::uint64_t epoch_ = 0;
  std::uint64_t first_ = 0;
};

// Records 0-2 of epoch 0, seal 3; records 4-5 and seal 6; the empty epoch's seal 7; a new run's
// seal 8 of the empty epoch 3; records 9-10 of epoch 4.
Chain honest() {
  Chain chain;
  chain.record(RecordKind::boot);
  chain.record();
  chain.pass(20);
  chain.record();
  chain.pass(40);
  chain.seal();
  chain.record();
  chain.pass(30);
  chain.record();
  chain.pass(30);
  chain.seal();
  chain.pass(60);
  chain.seal();
  chain.pass(3600);
  chain.new_run("b2");
  chain.seal();
  chain.record(RecordKind::boot);
  chain.pass(1);
  chain.record();
  return chain;
}

constexpr std::size_t kSeal0 = 3, kSeal1 = 6, kEmpty2 = 7, kSeal3 = 8;

// Where and why it is refused.
struct Refused {
  std::size_t record;
  std::string why;
};
std::optional<Refused> refusal(const std::vector<std::string>& records, const codec::NoteKey& key) {
  EpochRules rules = EpochRules::make(kOrigin, key).value();
  TreeBuilder tree;
  for (std::size_t i = 0; i < records.size(); ++i) {
    auto taken = rules.take(RecordHeadReader().read(records[i]).value(), records[i], tree);
    if (!taken) return Refused{i, taken.error().message()};
    (void)tree.add(codec::leaf_hash(records[i]));
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("attacks on a log with epochs") {
  const codec::Ed25519PrivateKey identity = test_key(200);  // the stolen key of the log
  const struct {
    const char* name;
    std::function<void(Chain&)> attack;
    std::size_t refused_at;
    const char* why;
  } rows[] = {
      {"a seal signed with the identity key only",
       [&](Chain& c) {
         c.cut(9);
         c.pass(1);
         c.seal({.epoch = 4, .tree = c.head(), .at = {c.wall}, .next = test_key(9).public_key()},
                identity);
       },
       9, "the key of epoch 4 did not sign its seal"},
      {"a seal with a key of the attacker's own",
       [&](Chain& c) {
         c.cut(kSeal1);
         c.seal({.epoch = 1, .tree = c.head(), .at = {c.wall}, .next = test_key(9).public_key()},
                test_key(8));
       },
       kSeal1, "the key of epoch 1 did not sign its seal"},
      {"a missing seal", [](Chain& c) { c.records.erase(c.records.begin() + kSeal1); }, kSeal1,
       "a seal of epoch 2, and epoch 1 goes on"},
      {"a missing seal at a new start",
       [](Chain& c) { c.records.erase(c.records.begin() + kSeal3); }, kSeal3,
       "a run that does not begin with the seal of epoch 3"},
      {"two seals of one epoch",
       [](Chain& c) { c.records.insert(c.records.begin() + kSeal1 + 1, c.records[kSeal1]); },
       kSeal1 + 1, "a seal of epoch 1, and epoch 2 goes on"},
      {"an empty epoch without its seal",
       [](Chain& c) { c.records.erase(c.records.begin() + kEmpty2); }, kEmpty2,
       "a seal of epoch 3, and epoch 2 goes on"},
      {"all seals are gone",
       [](Chain& c) {
         std::erase_if(c.records, [](const std::string& record) {
           return is_seal(RecordHeadReader().read(record)->kind);
         });
       },
       4, "its time is not inside epoch 0"},
      {"an old seal again",
       [](Chain& c) { c.records.insert(c.records.begin() + kSeal3, c.records[kSeal0]); }, kSeal3,
       "a seal of epoch 0, and epoch 3 goes on"},
      {"a whole old epoch again, with all that led to it",
       [](Chain& c) {
         const auto first = c.records.begin();
         const std::vector<std::string> old(first + kSeal0 + 1, first + kSeal1 + 1);
         c.records.insert(c.records.begin() + kSeal1 + 1, old.begin(), old.end());
       },
       kSeal1 + 1, "its time is not inside epoch 2"},
      {"a record changed",
       [](Chain& c) {
         c.records[1] = c.records[1].substr(0, c.records[1].size() - 1) + ",\"z\":1}";
       },
       kSeal0, "are not those that it was put on"},
      {"two records in another order", [](Chain& c) { std::swap(c.records[4], c.records[5]); },
       kSeal1, "are not those that it was put on"},
      {"a record put in", [](Chain& c) { c.records.insert(c.records.begin() + 5, c.records[4]); },
       kSeal1 + 1, "a seal of 6 records behind 7"},
      {"a record taken out", [](Chain& c) { c.records.erase(c.records.begin() + 4); }, kSeal1 - 1,
       "a seal of 6 records behind 5"},
      {"cut to an older epoch, and a new start goes on",
       [](Chain& c) {
         c.cut(kSeal1 + 1);
         c.new_run("b3");
         c.record(RecordKind::boot);
       },
       kSeal1 + 1, "a run that does not begin with the seal of epoch 2"},
      {"cut to an older epoch, and the same run goes on too long",
       [](Chain& c) {
         c.cut(kSeal1 + 1);
         c.run = "b1";
         c.boot = 5'000'000 + 121'000'000;
         c.wall = 1'795'534'951'000'000 + 120'000'000;
         c.record();
         c.pass(60);
         c.record();
       },
       kSeal1 + 2, "its time since boot is not inside epoch 2"},
      {"the same with a wall clock that stands still",
       [](Chain& c) {
         c.cut(kSeal1 + 1);
         c.run = "b1";
         c.boot = 5'000'000 + 120'000'000;
         c.wall = 1'795'534'951'000'000 + 120'000'000;
         c.record();
         c.boot += 60'000'001;
         c.record();
       },
       kSeal1 + 2, "its time since boot is not inside epoch 2"},
      {"cut, and sealed with the secret of today",
       [](Chain& c) {
         c.cut(kSeal1 + 1);
         c.seal({.epoch = 2, .tree = c.head(), .at = {c.wall}, .next = c.key(5).public_key()},
                c.key(4));
       },
       kSeal1 + 1, "the key of epoch 2 did not sign its seal"},
      {"a record after its epoch",
       [](Chain& c) {
         c.pass(60);
         c.record();
       },
       11, "its time is not inside epoch 4"},
      {"a record before its epoch",
       [](Chain& c) {
         c.wall -= 2'000'000;
         c.record();
       },
       11, "its time is not inside epoch 4"},
      {"a record before its epoch by the other clock",
       [](Chain& c) {
         c.boot = 999'999;
         c.record();
       },
       11, "its time since boot is not inside epoch 4"},
      {"a record of another run",
       [](Chain& c) {
         c.run = "b1";
         c.record();
       },
       11, "a run that does not begin with the seal of epoch 4"},
      {"the seal of another log",
       [](Chain& c) { c.seal(c.next_seal(), c.key(4), "example.com/glovebox/m2/2026"); }, 11,
       "the key of epoch 4 did not sign its seal"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      Chain chain = honest();
      row.attack(chain);
      const auto refused = refusal(chain.records, chain.epoch0());
      REQUIRE(refused);
      CHECK(refused->record == row.refused_at);
      CHECK(refused->why.contains(row.why));
    }
  }
}

TEST_CASE("a seal that its own epoch signed, but wrongly, is refused") {
  const struct {
    const char* name;
    std::function<void(Chain&, EpochSeal)> put;
    const char* why;
  } rows[] = {
      {"of fewer records",
       [](Chain& c, EpochSeal seal) {
         --seal.tree.size;
         c.seal(seal, c.key(4));
       },
       "a seal of 10 records behind 11"},
      {"with another root",
       [](Chain& c, EpochSeal seal) {
         seal.tree.root = codec::sha256("x");
         c.seal(seal, c.key(4));
       },
       "are not those"},
      {"with another time than its record",
       [](Chain& c, EpochSeal seal) {
         ++seal.at.microseconds;
         c.seal(seal, c.key(4));
       },
       "a seal of another time than its record"},
      {"with the number of the next epoch",
       [](Chain& c, EpochSeal seal) {
         ++seal.epoch;
         c.seal(seal, c.key(4));
       },
       "a seal of epoch 5, and epoch 4 goes on"},
      {"which keeps the key",
       [](Chain& c, EpochSeal seal) {
         seal.next = c.key(4).public_key();
         c.seal(seal, c.key(4));
       },
       "an epoch with the key of the one before"},
      {"a heartbeat for an epoch with records",
       [](Chain& c, EpochSeal seal) {
         c.record(RecordKind::heartbeat, sign_seal(seal, kOrigin, c.key(4)));
       },
       "heartbeat for an epoch that is not empty"},
      {"no heartbeat for an empty epoch",
       [](Chain& c, EpochSeal seal) {
         c.seal(seal, c.key(4));
         c.record(RecordKind::epoch_rotate, sign_seal(c.next_seal(), kOrigin, c.key(5)));
       },
       "epoch.rotate for an epoch that is empty"},
      {"without members", [](Chain& c, EpochSeal) { c.record(RecordKind::epoch_rotate); },
       "bad `ep`"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      Chain chain = honest();
      row.put(chain, chain.next_seal());
      const auto refused = refusal(chain.records, chain.epoch0());
      REQUIRE(refused);
      CHECK(refused->record == chain.records.size() - 1);
      CHECK(refused->why.contains(row.why));
    }
  }
}

TEST_CASE("a flipped bit anywhere in front of a seal is found at the latest there") {
  const Chain chain = honest();
  for (std::size_t at = 0; at < kSeal3; ++at) {
    for (std::size_t byte = 0; byte < chain.records[at].size(); byte += 3) {
      std::vector<std::string> records = chain.records;
      records[at][byte] = static_cast<char>(records[at][byte] ^ 1);
      CAPTURE(at, byte);
      CHECK_FALSE(follow(records, chain.epoch0()));
    }
  }
}

TEST_CASE("the key of another epoch or log is no beginning") {
  const Chain chain = honest();
  CHECK(EpochRules::make(kOrigin, note_key(chain.key(0), epoch_key_name(kOrigin, 1)))
            .error()
            .kind() == ErrorKind::invalid);
  CHECK_FALSE(EpochRules::make(kOrigin, note_key(chain.key(0), kOrigin)));
  CHECK_FALSE(EpochRules::make("other", chain.epoch0()));
  CHECK_FALSE(follow(chain.records, note_key(chain.key(1), epoch_key_name(kOrigin, 0))));
}

TEST_CASE("more records than an epoch may have are refused") {
  const Chain chain = honest();
  EpochRules rules = EpochRules::make(kOrigin, chain.epoch0()).value();
  const RecordHead head = RecordHeadReader().read(chain.records[0]).value();
  TreeBuilder tree;
  for (std::uint64_t i = 0; i < kMaxEpochRecords; ++i) {
    if (!rules.take(head, "", tree)) FAIL("refused at " << i);
    (void)tree.add(codec::Sha256Digest{});
  }
  CHECK(rules.take(head, "", tree).error().message().contains("more than 100000 records"));
}

TEST_CASE("an honest log is followed, cut at any record too") {
  const Chain chain = honest();
  const std::uint64_t epochs[] = {0, 0, 0, 0, 1, 1, 1, 2, 3, 4, 4, 4};
  for (std::size_t size = 0; size <= chain.records.size(); ++size) {
    const std::vector taken(chain.records.begin(),
                            chain.records.begin() + static_cast<std::ptrdiff_t>(size));
    const auto rules = follow(taken, chain.epoch0());
    CAPTURE(size);
    REQUIRE(rules);
    CHECK(rules->number() == epochs[size]);
    CHECK(rules->set_backs() == 0);
  }
  const auto rules = follow(chain.records, chain.epoch0()).value();
  CHECK(rules.last_seal()->epoch == 3);
  CHECK(rules.last_seal()->tree.size == kSeal3);
}

TEST_CASE("a clock that was set back between two epochs is counted") {
  Chain chain = honest();
  chain.wall -= 3'600'000'000;
  chain.boot += 1'000'000;
  chain.seal();
  chain.record();
  const auto rules = follow(chain.records, chain.epoch0());
  REQUIRE(rules);
  CHECK(rules->set_backs() == 1);
}

TEST_CASE("a checkpoint needs the line of the epoch that its tree ends in") {
  const Chain chain = honest();
  const codec::Ed25519PrivateKey identity = test_key(200);
  const auto rules = follow(chain.records, chain.epoch0()).value();
  const std::string text = codec::checkpoint_text({.origin = kOrigin, .tree = chain.head()});
  const auto line = [&](std::uint64_t number, const codec::Ed25519PrivateKey& by) {
    return codec::sign_note(text, epoch_key_name(kOrigin, number), by).value();
  };
  const auto log_line = codec::sign_note(text, kOrigin, identity).value();
  const auto check = [&](std::vector<codec::NoteSignature> lines) {
    return rules.check_checkpoint({.text = text, .signatures = std::move(lines)});
  };
  // Somebody who has the identity key, or the key of another epoch.
  CHECK(check({log_line}).error().kind() == ErrorKind::not_found);
  CHECK(check({log_line, line(4, identity)}).error().kind() == ErrorKind::denied);
  CHECK(check({log_line, line(3, chain.key(3))}).error().kind() == ErrorKind::denied);
  CHECK(check({log_line, line(5, chain.key(5))}).error().kind() == ErrorKind::denied);
  CHECK(check({log_line, line(4, chain.key(4)), line(5, chain.key(5))}).error().kind() ==
        ErrorKind::denied);
  auto bad = line(4, chain.key(4));
  bad.signature[3] = static_cast<char>(bad.signature[3] ^ 1);
  CHECK(check({log_line, bad}).error().kind() == ErrorKind::denied);
  CHECK(check({log_line, line(4, chain.key(4)), bad}).error().kind() == ErrorKind::denied);
  CHECK(check({log_line, line(4, chain.key(4))}));

  // Put back to where an older epoch was: the key of today does not help.
  const std::vector older(chain.records.begin(), chain.records.begin() + kSeal1 + 1);
  const auto back = follow(older, chain.epoch0()).value();
  const std::string old_text = codec::checkpoint_text(
      {.origin = kOrigin, .tree = EpochWorld::tree_of(older, older.size()).head()});
  const auto of_today = codec::sign_note(old_text, epoch_key_name(kOrigin, 4), chain.key(4));
  CHECK(back.check_checkpoint({.text = old_text, .signatures = {*of_today}}).error().kind() ==
        ErrorKind::denied);
}
