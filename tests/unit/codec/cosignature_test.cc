#include "codec/cosignature.h"

#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <string>
#include <vector>

using namespace glovebox;
using namespace glovebox::codec;

namespace {

const std::string kText =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/"
    "Xajj7h2fB2MPA3j2jxq2I=\n";
const std::string kName = "witness.example.com/w1";
// Made by another implementation of Ed25519 and SHA-256, from a seed of 32 times `w`.
const std::string kKey =
    "witness.example.com/"
    "w1+5f2febaf+BMhTrQ8M0rYZrqks7sT9VqJNZJnVhM55JX5Fz9gTm2Cn";
const std::string kLine =
    "\u2014 witness.example.com/w1 "
    "Xy/rrwAAAABkGFDL6xiGmErLsq1ZiG6Pv+2v7R2LxDMb3E0xUOlMZhVfeio17Yvz"
    "SuK5Tvl29yr3lLe3gojQsl//ImMZvd2sOnfjDQ==\n";
constexpr CosignatureTime kTime{1'679'315'147};

Ed25519PrivateKey key(char fill) {
  return Ed25519PrivateKey::from_seed(Secret::take(std::string(32, fill))).value();
}

CosignerKey named(std::string_view name, const Ed25519PrivateKey& private_key) {
  return CosignerKey::make(name, private_key.public_key()).value();
}

Note with(std::vector<NoteSignature> lines) {
  return {.text = kText, .signatures = std::move(lines)};
}

}  // namespace

TEST_CASE("the key of a log is no key of a witness") {
  const Ed25519PrivateKey own = key('w');
  const NoteKey of_log = NoteKey::make(kName, own.public_key()).value();
  const CosignerKey of_witness = named(kName, own);
  CHECK(of_log.hash() != of_witness.hash());
  CHECK(CosignerKey::parse(of_log.to_string()).error().kind() == ErrorKind::unsupported);
  CHECK(NoteKey::parse(of_witness.to_string()).error().kind() == ErrorKind::unsupported);
  // Each of the two lines means nothing to who knows the key in the other role.
  const NoteSignature log_line = sign_note(kText, kName, own).value();
  const NoteSignature witness_line = cosign(kText, kName, own, kTime).value();
  CHECK(check_cosignatures(with({log_line}), std::vector{of_witness})->empty());
  CHECK_FALSE(open_note(format_note(with({witness_line})), std::vector{of_log}));
  // Not even under the other's hash.
  CHECK_FALSE(check_cosignatures(with({{kName, of_witness.hash(), log_line.signature}}),
                                 std::vector{of_witness}));
}

TEST_CASE("a text that is no key of a witness is refused") {
  const struct {
    const char* name;
    std::string text;
    ErrorKind kind;
  } rows[] = {
      {"empty", "", ErrorKind::invalid},
      {"no parts", "a+00000000", ErrorKind::invalid},
      {"no name", kKey.substr(kName.size()), ErrorKind::invalid},
      {"another name", "x" + kKey, ErrorKind::invalid},
      {"another hash", kName + "+5f2febae" + kKey.substr(kName.size() + 9), ErrorKind::invalid},
      {"a hash in upper case", kName + "+5F2FEBAF" + kKey.substr(kName.size() + 9),
       ErrorKind::invalid},
      {"no base64", kName + "+5f2febaf+****", ErrorKind::invalid},
      {"ML-DSA-44", kName + "+5f2febaf+BhTr", ErrorKind::unsupported},
      {"a short key", kName + "+5f2febaf+BMhT", ErrorKind::invalid},
      {"a space in the name", "a b+5f2febaf+BMhT", ErrorKind::invalid},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(CosignerKey::parse(row.text).error().kind() == row.kind);
    }
  }
}

TEST_CASE("a bad line of a known witness is refused") {
  const Ed25519PrivateKey own = key('w');
  const std::vector known{named(kName, own)};
  const NoteSignature good = cosign(kText, kName, own, kTime).value();
  REQUIRE(check_cosignatures(with({good}), known));

  // Every byte of time and signature counts, and so does the length.
  for (std::size_t at = 0; at < good.signature.size(); ++at) {
    NoteSignature bad = good;
    bad.signature[at] = static_cast<char>(bad.signature[at] ^ 1);
    CAPTURE(at);
    CHECK(check_cosignatures(with({bad}), known).error().kind() == ErrorKind::denied);
  }
  for (std::size_t size = 1; size < good.signature.size(); ++size) {
    NoteSignature bad = good;
    bad.signature.resize(size);
    CHECK_FALSE(check_cosignatures(with({bad}), known));
  }
  NoteSignature longer = good;
  longer.signature += '\0';
  CHECK_FALSE(check_cosignatures(with({longer}), known));
  // One bad line spoils a good one.
  NoteSignature other_time = good;
  other_time.signature[7] = static_cast<char>(other_time.signature[7] ^ 1);
  CHECK_FALSE(check_cosignatures(with({good, other_time}), known));
  CHECK_FALSE(check_cosignatures({.text = kText + "more\n", .signatures = {good}}, known));
  // Signed by somebody else under the same name and hash.
  NoteSignature forged = cosign(kText, kName, key('x'), kTime).value();
  forged.hash = good.hash;
  CHECK_FALSE(check_cosignatures(with({forged}), known));
}

TEST_CASE("a time that is none is refused, signed or not") {
  const Ed25519PrivateKey own = key('w');
  for (const std::int64_t seconds :
       {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min()}) {
    CHECK(cosign(kText, kName, own, {seconds}).error().kind() == ErrorKind::invalid);
    // What a witness would have signed.
    const std::string message = "cosignature/v1\ntime " +
                                std::to_string(static_cast<std::uint64_t>(seconds)) + "\n" + kText;
    const Ed25519Signature signature = own.sign(message);
    std::string bytes;
    for (int shift = 56; shift >= 0; shift -= 8)
      bytes += static_cast<char>(static_cast<std::uint64_t>(seconds) >> shift & 0xFF);
    bytes.append(signature.begin(), signature.end());
    const CosignerKey known = named(kName, own);
    CHECK_FALSE(check_cosignatures(with({{kName, known.hash(), bytes}}), std::span(&known, 1)));
  }
  CHECK_FALSE(cosign("no line end", kName, own, kTime));
  CHECK_FALSE(cosign(kText, "with space", own, kTime));
}

TEST_CASE("a cosignature is what others make of it") {
  const Ed25519PrivateKey own = key('w');
  const CosignerKey known = CosignerKey::parse(kKey).value();
  CHECK(known == named(kName, own));
  CHECK(known.to_string() == kKey);
  CHECK(format_signature_line(cosign(kText, kName, own, kTime).value()) == kLine);
  // A key that is in use.
  CHECK(CosignerKey::parse("remora.n621.de+da77ade7+BOvN63jn/"
                           "bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2")
            ->name() == "remora.n621.de");

  const Note note = parse_note(kText + "\n" + kLine).value();
  CHECK(check_cosignatures(note, std::span(&known, 1)).value() ==
        std::vector{Cosignature{.signer = known, .time = kTime}});
}

TEST_CASE("lines of several witnesses count once each, with their latest time") {
  const Ed25519PrivateKey log = key('l'), first = key('1'), second = key('2'), stranger = key('3');
  const std::vector known{named("w/1", first), named("w/2", second), named("w/3", key('4'))};
  const Note note =
      with({sign_note(kText, "example.com/behind-the-sofa", log).value(),
            cosign(kText, "w/2", second, {20}).value(), cosign(kText, "w/3", stranger, {9}).value(),
            cosign(kText, "w/1", first, {30}).value(), cosign(kText, "w/2", second, {40}).value(),
            cosign(kText, "w/2", second, {10}).value()});
  CHECK(check_cosignatures(note, known).value() ==
        std::vector{Cosignature{.signer = known[1], .time = {40}},
                    Cosignature{.signer = known[0], .time = {30}}});
  CHECK(check_cosignatures(note, {})->empty());
  CHECK(parse_note(format_note(note)).value() == note);
}
