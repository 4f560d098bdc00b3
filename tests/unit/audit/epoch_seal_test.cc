#include "audit/epoch_seal.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "../salted_record.h"

#include "codec/checkpoint.h"
#include "codec/hex.h"
#include "tile_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

const EpochSeal kSeal{.epoch = 7,
                      .tree = {.size = 42, .root = codec::sha256("root")},
                      .at = {1'795'534'951'000'000},
                      .next = test_key(9).public_key()};

Record record_of(codec::JsonObject members, RecordKind kind = RecordKind::epoch_rotate) {
  const RecordStamp stamp{
      .wall = kSeal.at, .since_boot = seconds(1), .boot_id = "b1", .previous = {}};
  return parse_record(
             glovebox::test::salted_record(kind, stamp, "", "", std::move(members)).value())
      .value();
}

codec::JsonObject changed(std::string_view member, codec::Json value) {
  codec::JsonObject members = sign_seal(kSeal, kOrigin, test_key(1));
  members.set(std::string(member), std::move(value));
  return members;
}

}  // namespace

TEST_CASE("a record that is no seal is refused") {
  const std::string hash(64, 'a');
  const struct {
    const char* name;
    const char* member;
    codec::Json value;
  } rows[] = {
      {"epoch below zero", "ep", -1},
      {"epoch as text", "ep", "7"},
      {"size below zero", "size", -1},
      {"size as text", "size", "42"},
      {"a short root", "root", "aa"},
      {"a root in upper case", "root", std::string(64, 'A')},
      {"a root of other letters", "root", std::string(64, 'g')},
      {"a root that is no text", "root", 1},
      {"a time below zero", "at", -1},
      {"no time", "at", nullptr},
      {"a short key", "next", std::string(62, 'a')},
      {"a long key", "next", std::string(66, 'a')},
      {"a short signature", "seal", std::string(126, 'a')},
      {"a signature in base64", "seal", "AAAA"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(parse_seal(record_of(changed(row.member, row.value))).error().kind() ==
            ErrorKind::invalid);
    }
  }
  for (const char* member : {"ep", "size", "root", "at", "next", "seal"}) {
    codec::JsonObject members = sign_seal(kSeal, kOrigin, test_key(1));
    REQUIRE(members.erase(member));
    CHECK_FALSE(parse_seal(record_of(std::move(members))));
  }
}

TEST_CASE("every member of a seal, and the log that it is of, is signed") {
  const auto own = test_key(1);
  const SignedSeal good = parse_seal(record_of(sign_seal(kSeal, kOrigin, own))).value();
  REQUIRE(is_signed_by(good, kOrigin, own.public_key()));
  CHECK_FALSE(is_signed_by(good, "example.com/glovebox/m2/2026", own.public_key()));
  CHECK_FALSE(is_signed_by(good, kOrigin, test_key(2).public_key()));
  const struct {
    const char* member;
    codec::Json value;
  } rows[] = {
      {"ep", 8},
      {"size", 41},
      {"root", codec::sha256("other").hex()},
      {"at", 1'795'534'951'000'001},
      {"next", std::string(64, 'a')},
      {"seal", std::string(128, '0')},
  };
  for (const auto& row : rows) {
    CAPTURE(row.member);
    const auto seal = parse_seal(record_of(changed(row.member, row.value)));
    REQUIRE(seal);
    CHECK_FALSE(is_signed_by(*seal, kOrigin, own.public_key()));
  }
}

TEST_CASE("what an epoch's key signs in one form is not good in the other") {
  const auto own = test_key(1);
  const codec::Checkpoint checkpoint{.origin = kOrigin, .tree = kSeal.tree};
  const auto line = codec::sign_note(codec::checkpoint_text(checkpoint),
                                     epoch_key_name(kOrigin, kSeal.epoch), own)
                        .value();
  const SignedSeal as_seal{.seal = kSeal, .signature = line.signature};
  CHECK_FALSE(is_signed_by(as_seal, kOrigin, own.public_key()));
}

TEST_CASE("a seal comes back as it was made") {
  const auto own = test_key(1);
  const auto members = sign_seal(kSeal, kOrigin, own);
  const SignedSeal seal = parse_seal(record_of(members)).value();
  CHECK(seal.seal == kSeal);
  CHECK(*members.find("ep") == codec::Json(7));
  CHECK(*members.find("root") == codec::Json(kSeal.tree.root.hex()));
  // The text that is signed, for other implementations.
  const std::string text = "glovebox epoch seal v1\n" + kOrigin + "\n7\n42\n" +
                           kSeal.tree.root.hex() + "\n1795534951000000\n" +
                           *members.find("next")->as_string() + "\n";
  CHECK(codec::verify_ed25519(own.public_key(), text,
                              codec::hex_decode(*members.find("seal")->as_string()).value()));
  CHECK(epoch_key_name(kOrigin, 7) == kOrigin + "/epoch/7");
  CHECK(seal_kind(EpochIs::empty) == RecordKind::heartbeat);
  CHECK(seal_kind(EpochIs::filled) == RecordKind::epoch_rotate);
}
