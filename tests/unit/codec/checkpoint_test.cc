#include "codec/checkpoint.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

using namespace glovebox;
using namespace glovebox::codec;

namespace {

const std::string kRoot = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
const std::string kText = "example.com/behind-the-sofa\n20852163\n" + kRoot + "\n";

Ed25519PrivateKey key(char fill) {
  return Ed25519PrivateKey::from_seed(Secret::take(std::string(32, fill))).value();
}

NoteKey named(std::string_view name, const Ed25519PrivateKey& private_key) {
  return NoteKey::make(name, private_key.public_key()).value();
}

// A note over any text, signed by any name.
std::string note(const std::string& text, std::string_view name, const Ed25519PrivateKey& by) {
  return format_note({.text = text, .signatures = {sign_note(text, name, by).value()}});
}

}  // namespace

TEST_CASE("a text that is no checkpoint is refused") {
  const struct {
    const char* name;
    std::string text;
  } rows[] = {
      {"empty", ""},
      {"no lines", "example.com/log"},
      {"no size", "example.com/log\n"},
      {"no root", "example.com/log\n1\n"},
      {"no origin", "\n1\n" + kRoot + "\n"},
      {"root without its line end", "example.com/log\n1\n" + kRoot},
      {"no number", "example.com/log\nx\n" + kRoot + "\n"},
      {"an empty number", "example.com/log\n\n" + kRoot + "\n"},
      {"a zero in front", "example.com/log\n01\n" + kRoot + "\n"},
      {"a sign", "example.com/log\n+1\n" + kRoot + "\n"},
      {"below zero", "example.com/log\n-1\n" + kRoot + "\n"},
      {"a space", "example.com/log\n1 \n" + kRoot + "\n"},
      {"a size of 2^63", "example.com/log\n9223372036854775808\n" + kRoot + "\n"},
      {"a size beyond 64 bits", "example.com/log\n99999999999999999999\n" + kRoot + "\n"},
      {"a short root", "example.com/log\n1\nAAAA\n"},
      {"a root in hex", "example.com/log\n1\n" + std::string(64, 'a') + "\n"},
      {"a root without padding", "example.com/log\n1\n" + kRoot.substr(0, 43) + "\n"},
      {"a root with spare bits", "example.com/log\n1\n" + kRoot.substr(0, 42) + "J=\n"},
      {"an extension line", kText + "more\n"},
      {"an empty line", kText + "\n"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(parse_checkpoint_text(row.text).error().kind() == ErrorKind::invalid);
    }
  }
}

TEST_CASE("a checkpoint has one text") {
  const Checkpoint checkpoint = parse_checkpoint_text(kText).value();
  CHECK(checkpoint.origin == "example.com/behind-the-sofa");
  CHECK(checkpoint.tree.size == 20'852'163);
  CHECK(checkpoint.tree.root.hex().starts_with("0ac5186a91863e8e"));
  CHECK(checkpoint_text(checkpoint) == kText);
  const std::string empty = "a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
  CHECK(parse_checkpoint_text(empty)->tree == TreeHead{.size = 0, .root = empty_root()});
}

TEST_CASE("a checkpoint that the log did not sign is refused") {
  const Ed25519PrivateKey own = key('a');
  const std::string origin = "example.com/behind-the-sofa";
  const NoteKey known = named(origin, own);
  const std::string good = note(kText, origin, own);
  REQUIRE(open_checkpoint(good, std::span(&known, 1)));

  CHECK(open_checkpoint(note(kText, origin, key('b')), std::span(&known, 1)).error().kind() ==
        ErrorKind::denied);
  CHECK(open_checkpoint(good, {}).error().kind() == ErrorKind::denied);
  // A key that is trusted for one log does not speak for another.
  const NoteKey other = named("example.com/other", own);
  CHECK(
      open_checkpoint(note(kText, "example.com/other", own), std::span(&other, 1)).error().kind() ==
      ErrorKind::denied);
  // A bad line of a known key spoils what a good one signs.
  Note twice = parse_note(good).value();
  twice.signatures.push_back(twice.signatures.front());
  twice.signatures.back().signature[5] ^= 1;
  CHECK_FALSE(open_checkpoint(format_note(twice), std::span(&known, 1)));
  CHECK(open_checkpoint(note("a\n1\n", origin, own), std::span(&known, 1)).error().kind() ==
        ErrorKind::invalid);
  CHECK(open_checkpoint(std::string(kMaxCheckpointBytes + 1, 'x'), std::span(&known, 1))
            .error()
            .kind() == ErrorKind::limit);
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char mask : {'\x01', '\x20', '\x80'}) {
      std::string changed = good;
      changed[at] = static_cast<char>(changed[at] ^ mask);
      CAPTURE(at);
      REQUIRE_FALSE(open_checkpoint(changed, std::span(&known, 1)));
    }
  }
}

TEST_CASE("a signed checkpoint opens, with lines of others below") {
  const Ed25519PrivateKey own = key('a');
  const Checkpoint checkpoint{.origin = "example.com/glovebox/m/2026",
                              .tree = {.size = 7, .root = sha256("root")}};
  const std::vector<NoteKey> known{named("example.com/x", key('b')), named(checkpoint.origin, own)};
  Note signed_note = parse_note(sign_checkpoint(checkpoint, own).value()).value();
  signed_note.signatures.push_back(
      sign_note(signed_note.text, "witness.example", key('w')).value());
  const auto opened = open_checkpoint(format_note(signed_note), known);
  REQUIRE(opened);
  CHECK(opened->checkpoint == checkpoint);
  CHECK(opened->signer == known[1]);
  CHECK_FALSE(sign_checkpoint({.origin = "with space", .tree = {}}, own));
}
