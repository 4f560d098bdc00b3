#include "audit/epoch_secret.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "support.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

EpochSecret secret(std::uint64_t number, std::uint8_t fill = 1) {
  HeldRandom random(fill);
  return {.number = number,
          .key = codec::Ed25519PrivateKey::generate(random),
          .next_mac = WalMacSeed::generate(random)};
}

std::string file_of(const EpochSecret& one) {
  return std::string(format_epoch_file(one).reveal());
}

bool any(const EpochSecrets& found) {
  return found[0] || found[1];
}

}  // namespace

TEST_CASE("a slot that is not whole holds nothing") {
  const std::string good = file_of(secret(4));
  REQUIRE(any(parse_epoch_file(good)));
  for (std::size_t at = 0; at < kEpochSlotBytes; ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    CAPTURE(at);
    REQUIRE_FALSE(any(parse_epoch_file(bad)));
  }
  for (const std::size_t size : {std::size_t{0}, kEpochSlotBytes, kEpochFileBytes - 1})
    CHECK_FALSE(any(parse_epoch_file(good.substr(0, size))));
  CHECK_FALSE(any(parse_epoch_file(good + '\0')));
  CHECK_FALSE(any(parse_epoch_file(std::string(kEpochFileBytes, '\0'))));
  CHECK_FALSE(any(parse_epoch_file(std::string(kEpochFileBytes, '\xff'))));
  // In the slot of the other parity.
  CHECK_FALSE(
      any(parse_epoch_file(good.substr(kEpochSlotBytes) + good.substr(0, kEpochSlotBytes))));
}

TEST_CASE("secrets come back from their slots") {
  for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1}, kMaxEpoch}) {
    const EpochSecret made = secret(number);
    const EpochSecrets found = parse_epoch_file(file_of(made));
    const auto& in_place = found.at(number % 2);
    CAPTURE(number);
    REQUIRE(in_place);
    CHECK_FALSE(found.at((number + 1) % 2));
    CHECK(in_place->number == number);
    CHECK(in_place->key.public_key() == made.key.public_key());
    CHECK(in_place->next_mac == made.next_mac);
  }
  CHECK_FALSE(any(parse_epoch_file(file_of(secret(kMaxEpoch + 1)))));
  std::string both = file_of(secret(4));
  both.replace(kEpochSlotBytes, kEpochSlotBytes, format_epoch_slot(secret(5, 9)).reveal());
  const EpochSecrets found = parse_epoch_file(both);
  REQUIRE((found[0] && found[1]));
  CHECK(found[1]->number == 5);
}

TEST_CASE("the next epoch has another key, and the next seed") {
  HeldRandom random(50);
  const EpochSecret one = secret(4);
  const EpochSecret two = one.make_next(random);
  CHECK(two.number == 5);
  CHECK(two.slot() != one.slot());
  CHECK(two.key.public_key() != one.key.public_key());
  CHECK(two.next_mac == one.next_mac.next());
}
