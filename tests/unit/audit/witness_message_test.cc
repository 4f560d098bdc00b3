#include "audit/witness_message.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "codec/base64.h"
#include "tile_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

const std::string kText =
    codec::checkpoint_text({.origin = kOrigin, .tree = {.size = 9, .root = codec::sha256("root")}});
const std::string kNote =
    codec::sign_checkpoint({.origin = kOrigin, .tree = {.size = 9, .root = codec::sha256("root")}},
                           test_key(1))
        .value();
const std::string kHash = codec::base64_encode(codec::sha256("a").view()) + "\n";

std::string times(std::size_t count, std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

codec::CosignerKey cosigner(std::string_view name, std::uint8_t seed) {
  return codec::CosignerKey::make(name, test_key(seed).public_key()).value();
}
std::string line(std::string_view name, std::uint8_t seed, std::int64_t time = 7) {
  return codec::format_signature_line(codec::cosign(kText, name, test_key(seed), {time}).value());
}

}  // namespace

TEST_CASE("a body that is no add-checkpoint is refused") {
  const struct {
    const char* name;
    std::string body;
    ErrorKind kind;
  } rows[] = {
      {"empty", "", ErrorKind::invalid},
      {"no line end", "old 5", ErrorKind::invalid},
      {"no old size", "\n" + kNote, ErrorKind::invalid},
      {"another word", "new 5\n\n" + kNote, ErrorKind::invalid},
      {"two spaces", "old  5\n\n" + kNote, ErrorKind::invalid},
      {"a zero in front", "old 05\n\n" + kNote, ErrorKind::invalid},
      {"a sign", "old +5\n\n" + kNote, ErrorKind::invalid},
      {"no number", "old x\n\n" + kNote, ErrorKind::invalid},
      {"no size at all", "old \n\n" + kNote, ErrorKind::invalid},
      {"2^63", "old 9223372036854775808\n\n" + kNote, ErrorKind::invalid},
      {"a carriage return", "old 5\r\n\n" + kNote, ErrorKind::invalid},
      {"no blank line", "old 5\n" + kNote, ErrorKind::invalid},
      {"a short hash", "old 5\nAAAA\n\n" + kNote, ErrorKind::invalid},
      {"a hash in hex", "old 5\n" + std::string(64, 'a') + "\n\n" + kNote, ErrorKind::invalid},
      {"a hash without padding", "old 5\n" + kHash.substr(0, 43) + "\n\n" + kNote,
       ErrorKind::invalid},
      {"too many hashes", "old 5\n" + times(64, kHash) + "\n" + kNote, ErrorKind::limit},
      {"no note", "old 5\n\n", ErrorKind::invalid},
      {"a text alone", "old 5\n\n" + kText, ErrorKind::invalid},
      {"a note cut at its end", "old 5\n\n" + kNote.substr(0, kNote.size() - 1),
       ErrorKind::invalid},
      {"too long", std::string(kMaxAddCheckpointBytes + 1, 'a'), ErrorKind::limit},
      {"a note that is too long", "old 5\n\n" + std::string(codec::kMaxCheckpointBytes + 1, 'a'),
       ErrorKind::limit},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(parse_add_checkpoint(row.body).error().kind() == row.kind);
    }
  }
}

TEST_CASE("add-checkpoint has one text") {
  for (const std::size_t hashes : {0, 1, 63}) {
    const AddCheckpoint request{
        .old_size = 5, .proof = std::vector(hashes, codec::sha256("a")), .note = kNote};
    const std::string body = "old 5\n" + times(hashes, kHash) + "\n" + kNote;
    CHECK(format_add_checkpoint(request) == body);
    CHECK(parse_add_checkpoint(body).value() == request);
  }
}

TEST_CASE("an answer that is none is refused") {
  const std::vector known{cosigner("w/1", 11), cosigner("w/2", 12)};
  std::string forged = line("w/1", 11);
  forged[forged.size() - 20] ^= 4;
  const struct {
    const char* name;
    unsigned status;
    std::string body;
    ErrorKind kind;
  } rows[] = {
      {"nothing", 200, "", ErrorKind::protocol},
      {"no lines", 200, "ok\n", ErrorKind::protocol},
      {"a cut line", 200, line("w/1", 11).substr(0, 30), ErrorKind::protocol},
      {"a text before the lines", 200, "x\n\n" + line("w/1", 11), ErrorKind::protocol},
      {"only of a key that is not known", 200, line("w/3", 13), ErrorKind::protocol},
      {"only of a known name", 200, line("w/1", 13), ErrorKind::protocol},
      {"a bad line of a known key", 200, line("w/2", 12) + forged, ErrorKind::denied},
      {"409 without a size", 409, "", ErrorKind::protocol},
      {"409 with a size and no line end", 409, "5", ErrorKind::protocol},
      {"409 with a page", 409, "<html>\n", ErrorKind::protocol},
      {"409 with a zero in front", 409, "05\n", ErrorKind::protocol},
      {"403", 403, "no\n", ErrorKind::denied},
      {"404", 404, "", ErrorKind::denied},
      {"422", 422, "\x1b[31mred\nmore", ErrorKind::denied},
      {"500", 500, "", ErrorKind::denied},
      {"too long", 200, std::string(kMaxWitnessAnswerBytes + 1, 'x'), ErrorKind::limit},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto reply = read_witness_answer(row.status, row.body, kNote, known);
      REQUIRE_FALSE(reply);
      CHECK(reply.error().kind() == row.kind);
      CHECK_FALSE(reply.error().message().contains('\x1b'));
    }
  }
}

TEST_CASE("an answer is cosignatures, or the size that is known") {
  const std::vector known{cosigner("w/1", 11), cosigner("w/2", 12)};
  const auto reply = read_witness_answer(
      200, line("w/9", 19) + line("w/2", 12, 70) + line("w/1", 11, 80), kNote, known);
  REQUIRE(reply);
  CHECK(reply->lines.size() == 2);
  CHECK(reply->cosignatures == std::vector{codec::Cosignature{.signer = known[1], .time = {70}},
                                           codec::Cosignature{.signer = known[0], .time = {80}}});
  CHECK_FALSE(reply->knows);
  // Put below the note they are found again.
  codec::Note note = codec::parse_note(kNote).value();
  note.signatures.append_range(reply->lines);
  CHECK(codec::check_cosignatures(note, known)->size() == 2);
  CHECK(read_witness_answer(409, "0\n", kNote, known)->knows == 0);
  CHECK(read_witness_answer(409, "20852014\n", kNote, known)->knows == 20'852'014);
}
