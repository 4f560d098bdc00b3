#include "codec/cosignature.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>

#include "codec/hex.h"

using namespace glovebox;
using namespace glovebox::codec;

namespace {

Ed25519PrivateKey key_of(std::uint8_t seed) {
  return Ed25519PrivateKey::from_seed(Secret::take(std::string(32, static_cast<char>(seed))))
      .value();
}

const std::string kText = "example.com/log\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";

Note note_with(std::vector<NoteSignature> lines) {
  return Note{.text = kText, .signatures = std::move(lines)};
}

WitnessKey witness_of(std::uint8_t seed, std::string_view name) {
  return WitnessKey::make(name, key_of(seed).public_key()).value();
}

}  // namespace

TEST_CASE("keys that are no witness's are refused") {
  const std::string good = witness_of(1, "w.example/1").to_string();
  REQUIRE(WitnessKey::parse(good));
  CHECK(WitnessKey::parse(good)->to_string() == good);
  const std::string log = NoteKey::make("w.example/1", key_of(1).public_key())->to_string();
  CHECK(WitnessKey::parse(log).error().kind() == ErrorKind::unsupported);
  CHECK(NoteKey::parse(good).error().kind() == ErrorKind::unsupported);
  for (const std::string& text :
       {std::string(), std::string("w"), std::string("w+00000000"), "x" + good,
        good.substr(0, good.size() - 4), good + "AAAA", "w.example/1+00000000" + good.substr(20)}) {
    CAPTURE(text);
    CHECK_FALSE(WitnessKey::parse(text));
  }
}

TEST_CASE("a time that no cosignature has, and a name that no key has, sign nothing") {
  CHECK_FALSE(cosign(kText, "w", key_of(1), kMaxCosignatureTime + 1));
  CHECK_FALSE(cosign(kText, "w w", key_of(1), 1));
  CHECK_FALSE(cosign("no line end", "w", key_of(1), 1));
  CHECK(cosign(kText, "w", key_of(1), kMaxCosignatureTime));
}

TEST_CASE("a wrong line of a known witness makes the note bad") {
  const WitnessKey known[] = {witness_of(1, "w1"), witness_of(2, "w2")};
  const NoteSignature good = cosign(kText, "w1", key_of(1), 1'700'000'000).value();
  struct Row {
    const char* name;
    NoteSignature line;
  };
  Row rows[] = {{"time changed", good},
                {"signature changed", good},
                {"cut", good},
                {"longer", good},
                {"a time beyond 2^63", good},
                {"of another text", cosign("x\n", "w1", key_of(1), 5).value()},
                {"by another key", cosign(kText, "w1", key_of(3), 5).value()}};
  rows[0].line.signature[7] ^= 1;
  rows[1].line.signature[20] ^= 1;
  rows[2].line.signature.pop_back();
  rows[3].line.signature += 'x';
  rows[4].line.signature[0] = static_cast<char>(0x80);
  rows[6].line.hash = good.hash;
  for (const Row& row : rows) {
    INFO(row.name);
    const auto checked = check_cosignatures(note_with({row.line}), known);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().kind() == ErrorKind::denied);
    CHECK_FALSE(check_cosignatures(note_with({good, row.line}), known));
  }
}

TEST_CASE("witnesses that are known are found, with their times") {
  const WitnessKey known[] = {witness_of(1, "w1"), witness_of(2, "w2")};
  const NoteSignature first = cosign(kText, "w1", key_of(1), 100).value();
  const NoteSignature again = cosign(kText, "w1", key_of(1), 200).value();
  const NoteSignature stranger = cosign(kText, "w3", key_of(3), 300).value();
  // A plain signature of the same key is another key of notes.
  const NoteSignature plain = sign_note(kText, "w2", key_of(2)).value();
  CHECK(check_cosignatures(note_with({stranger, plain}), known)->empty());
  const auto found = check_cosignatures(note_with({again, stranger, first}), known);
  REQUIRE(found);
  REQUIRE(found->size() == 1);
  CHECK(found->front().witness == known[0]);
  CHECK(found->front().seconds == 200);
  CHECK(check_cosignatures(note_with({first}), {})->empty());
}

TEST_CASE("the time stands before the signature, in eight bytes, big-endian") {
  // As in the example of the specification.
  const NoteSignature line =
      cosign(kText, "witness.example.com/w1", key_of(1), 1'679'315'147).value();
  CHECK(hex_encode(line.signature.substr(0, 8)) ==
        "000000006418"
        "50cb");
}
