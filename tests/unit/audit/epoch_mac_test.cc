#include "audit/epoch_mac.h"

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>
#include <vector>

#include "support.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

WalMacSeed seed(std::uint8_t start = 1) {
  HeldRandom random(start);
  return WalMacSeed::generate(random);
}

WalGroupFacts group(std::uint64_t first, std::uint32_t count = 1) {
  return {.first = first, .count = count, .chain = codec::sha256(std::to_string(first))};
}

}  // namespace

TEST_CASE("a seed of another length is refused") {
  for (const std::size_t size : {0, 31, 33})
    CHECK(WalMacSeed::from_bytes(Secret::take(std::string(size, 'x'))).error().kind() ==
          ErrorKind::invalid);
}

TEST_CASE("the code of a group depends on all of it and on its place") {
  const codec::Sha256Digest good = seed().groups().next(group(5, 2));
  CHECK(seed().groups().next(group(5, 2)) == good);
  CHECK(seed().groups().next(group(6, 2)) != good);
  CHECK(seed().groups().next(group(5, 3)) != good);
  WalGroupFacts other_chain = group(5, 2);
  other_chain.chain.bytes[31] ^= 1;
  CHECK(seed().groups().next(other_chain) != good);
  CHECK(seed(2).groups().next(group(5, 2)) != good);
  CHECK(seed().next().groups().next(group(5, 2)) != good);
  GroupMacs second = seed().groups();
  (void)second.next(group(4));
  CHECK(second.next(group(5, 2)) != good);
}

TEST_CASE("what an epoch goes on with makes no code of a group before") {
  // Who takes the machine over finds the seed of the next epoch and the key of the next group.
  GroupMacs running = seed().groups();
  std::vector<codec::Sha256Digest> genuine;
  for (std::uint64_t i = 0; i < 20; ++i) genuine.push_back(running.next(group(i)));
  GroupMacs stolen_next = seed().next().groups();
  std::set<codec::Sha256Digest> forged;
  for (std::uint64_t i = 0; i < 20; ++i) {
    forged.insert(running.next(group(i)));
    forged.insert(stolen_next.next(group(i)));
  }
  CHECK(forged.size() == 40);
  for (const codec::Sha256Digest& mac : genuine) CHECK_FALSE(forged.contains(mac));
}

TEST_CASE("the escrowed seed makes every code again, from any epoch on") {
  const WalMacSeed escrowed = seed();
  WalMacSeed running = escrowed.after(0);
  for (std::uint64_t epoch = 0; epoch < 5; ++epoch) {
    CHECK(escrowed.after(epoch) == running);
    GroupMacs writes = running.groups();
    GroupMacs reads = escrowed.after(epoch).groups();
    for (std::uint64_t i = 0; i < 3; ++i) CHECK(writes.next(group(i)) == reads.next(group(i)));
    CHECK_FALSE(running == running.next());
    running = running.next();
  }
}

TEST_CASE("codes do not change between versions") {
  GroupMacs macs = WalMacSeed::from_bytes(Secret::take(std::string(32, 's'))).value().groups();
  const WalGroupFacts facts{.first = 258, .count = 3, .chain = codec::sha256("chain")};
  CHECK(macs.next(facts).hex() ==
        "3fde30f72619c9c13500c865a6f72e8bf80674230e4bbadfc37319a0f26594ce");
  CHECK(macs.next(facts).hex() ==
        "c174299af7f5e3f4cdf03490a473b4c5c5629aaadf8ccb6ca418f1b0a19aa7e5");
}
