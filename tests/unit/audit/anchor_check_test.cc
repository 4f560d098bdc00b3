#include "audit/anchor_check.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "tile_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

const codec::Ed25519PrivateKey kLog = test_key(1);
const codec::NoteKey kKnown = note_key(kLog, kOrigin);

codec::Sha256Digest leaf(std::size_t i) {
  return codec::leaf_hash("record " + std::to_string(i));
}

TreeBuilder tree_of(std::size_t size) {
  TreeBuilder tree;
  for (std::size_t i = 0; i < size; ++i) (void)tree.add(leaf(i));
  return tree;
}

std::string note(std::size_t size, const codec::Ed25519PrivateKey& by = kLog,
                 const std::string& origin = kOrigin) {
  return codec::sign_checkpoint({.origin = origin, .tree = tree_of(size).head()}, by).value();
}

Result<Anchors> anchors_in(const std::string& bytes) {
  return read_anchors(bytes, std::span(&kKnown, 1));
}

// What a log of these leaves says to the anchors.
Result<void> check(std::vector<codec::TreeHead> anchors, std::size_t size,
                   std::optional<std::size_t> changed = {}) {
  AnchorCheck check(std::move(anchors));
  TreeBuilder tree;
  TRY(check.take(tree));
  for (std::size_t i = 0; i < size; ++i) {
    (void)tree.add(i == changed ? codec::sha256("x") : leaf(i));
    TRY(check.take(tree));
  }
  return check.finish();
}

std::vector<codec::TreeHead> heads(std::vector<std::size_t> sizes) {
  std::vector<codec::TreeHead> made;
  for (const std::size_t size : sizes) made.push_back(tree_of(size).head());
  return made;
}

}  // namespace

TEST_CASE("a checkpoint that the log did not sign is no anchor") {
  std::string flipped = note(3);
  flipped[flipped.size() - 10] ^= 4;
  for (const std::string& bad : {note(3, test_key(9)), flipped}) {
    const auto read_bad = anchors_in(note(2) + bad);
    REQUIRE_FALSE(read_bad);
    CHECK(read_bad.error().kind() == ErrorKind::denied);
    CHECK(read_bad.error().message().contains("byte " + std::to_string(note(2).size())));
  }
}

TEST_CASE("two histories that are signed are found in the anchors alone") {
  const auto other = codec::sign_checkpoint(
      {.origin = kOrigin, .tree = {.size = 3, .root = codec::sha256("fork")}}, kLog);
  CHECK(anchors_in(note(3) + note(4) + *other).error().kind() == ErrorKind::conflict);
}

TEST_CASE("a log that is not how an anchor saw it is found") {
  const auto anchors = heads({0, 3, 7});
  CHECK(check(anchors, 10));
  CHECK(check(anchors, 7));
  const auto cut = check(anchors, 6);
  CHECK(cut.error().message() == "cut: 7 records were anchored, and the log ends before");
  CHECK_FALSE(check(anchors, 0));
  for (std::size_t i = 0; i < 7; ++i) {
    CAPTURE(i);
    CHECK(check(anchors, 10, i).error().kind() == ErrorKind::denied);
  }
  // Behind the last anchor nobody vouches.
  CHECK(check(anchors, 10, 7));
  CHECK_FALSE(check({{.size = 0, .root = codec::sha256("x")}}, 3));
}

TEST_CASE("a file of anchors is read, whatever a crash left in it") {
  const std::string whole = note(2) + note(5) + note(5) + note(9);
  const auto anchors = anchors_in(whole).value();
  CHECK(anchors.heads == heads({2, 5, 9}));
  CHECK(anchors.unreadable == 0);
  CHECK(anchors_in("")->heads.empty());
  // In any order, with those of another log among them.
  const std::string other = "example.com/glovebox/m2/2026";
  const auto mixed = anchors_in(note(9) + note(7, kLog, other) + note(2)).value();
  CHECK(mixed.heads == heads({2, 9}));
  CHECK(mixed.others == 1);
  CHECK(mixed.unreadable == 0);

  // Cut at every byte, then marked by the next open and gone on with.
  const std::string last = note(9);
  for (std::size_t length = 1; length < last.size(); ++length) {
    std::string bytes = note(2) + last.substr(0, length);
    if (!bytes.ends_with('\n')) bytes += " (cut)\n";
    bytes += note(12);
    CAPTURE(length);
    const auto cut = anchors_in(bytes);
    REQUIRE(cut);
    CHECK(cut->heads == heads({2, 12}));
    CHECK(cut->unreadable + cut->others > 0);
    // The same at the end of the file, as nobody has touched it since.
    const auto end = anchors_in(note(2) + last.substr(0, length));
    if (end) CHECK(end->heads.front() == heads({2}).front());
  }
  CHECK(anchors_in("no anchors at all\n")->unreadable == 1);
  CHECK(anchors_in(std::string(5, '\0') + " (cut)\n" + note(3))->heads == heads({3}));
}
