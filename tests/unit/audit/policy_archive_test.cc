#include "audit/policy_archive.h"

#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <string>

#include "audit/auditor.h"
#include "audit/mask.h"
#include "audit/tree_log.h"
#include "folder.h"
#include "support.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

const codec::Sha256Digest kPolicy = codec::sha256("policy");

codec::JsonObject load_of(const codec::Sha256Digest& document) {
  codec::JsonObject members;
  members.set("pol", kPolicy.hex());
  members.set("doc", document.hex());
  return members;
}

// A log folder in which one policy was loaded.
struct Loaded {
  Loaded() {
    std::filesystem::create_directory(log);
    set_mode(log, 0700);
    archive.emplace(*PolicyArchive::open(log, policies));
    const auto kept = archive->keep(kPolicy, "a document");
    REQUIRE(kept);
    REQUIRE(*kept == codec::sha256("a document"));
    policies.note(1, RecordKind::policy_load, load_of(*kept));
  }
  std::filesystem::path file() const { return folder / ("log/policies/" + kPolicy.hex()); }

  Folder folder;
  std::string log = (folder / "log").string();
  PolicyRegister policies;
  std::optional<PolicyArchive> archive;
};

}  // namespace

TEST_CASE("a policy that was changed on the disk is refused, and not written anew") {
  Loaded loaded;
  set_mode(loaded.file(), 0600);
  write(loaded.file(), "another document");
  CHECK(loaded.archive->fetch(kPolicy).error().kind() == ErrorKind::conflict);
  CHECK(loaded.archive->keep(kPolicy, "a document").error().kind() == ErrorKind::conflict);
  CHECK(read(loaded.file()) == "another document");
}

TEST_CASE("a policy that is gone, or was never there, is not found") {
  Loaded loaded;
  CHECK(loaded.archive->fetch(codec::sha256("x")).error().kind() == ErrorKind::not_found);
  std::filesystem::remove(loaded.file());
  CHECK(loaded.archive->fetch(kPolicy).error().kind() == ErrorKind::not_found);
  CHECK(loaded.archive->keep(kPolicy, "a document").error().kind() == ErrorKind::not_found);
}

TEST_CASE("a link in place of a policy is refused") {
  Loaded loaded;
  write(loaded.folder / "elsewhere", "a document");
  std::filesystem::remove(loaded.file());
  std::filesystem::create_symlink(loaded.folder / "elsewhere", loaded.file());
  CHECK_FALSE(loaded.archive->fetch(kPolicy));
}

TEST_CASE("a document that is too large is not kept") {
  Loaded loaded;
  const std::string large(kMaxDocumentBytes + 1, 'x');
  CHECK(loaded.archive->keep(codec::sha256("large"), large).error().kind() == ErrorKind::limit);
}

TEST_CASE("what is kept stays as it was first, whatever text comes to the same policy") {
  Loaded loaded;
  CHECK(*loaded.archive->keep(kPolicy, "the same with a comment") == codec::sha256("a document"));
  CHECK(*loaded.archive->fetch(kPolicy) == "a document");
  CHECK((std::filesystem::status(loaded.file()).permissions() & std::filesystem::perms::mask) ==
        std::filesystem::perms(0600));
}

TEST_CASE("what was kept and never loaded gives way") {
  Loaded loaded;
  const codec::Sha256Digest other = codec::sha256("other");
  REQUIRE(loaded.archive->keep(other, "one"));
  CHECK(*loaded.archive->keep(other, "two") == codec::sha256("two"));
  CHECK(read(loaded.folder / ("log/policies/" + other.hex())) == "two");
}

TEST_CASE("a policy is read offline by what the log says of it") {
  const Folder folder;
  const std::string log = (folder / "log").string();
  PolicyRegister policies;
  {
    HeldRandom random;
    RecordRules rules(random);
    const HeldClock clock;
    auto store = TreeLog::open(
        {.directory = log, .origin = "test/audit", .sizes = kSmallSizes}, rules,
        [](const StoredRecord&, RecordKind) { return Result<void>(); }, clock, random);
    REQUIRE(store);
    const Masker masker;
    Auditor auditor(*store, rules, masker, clock, random, "b1");
    REQUIRE(auditor.start({}, {}));
    auto archive = PolicyArchive::open(log, policies);
    REQUIRE(archive);
    const auto kept = archive->keep(kPolicy, "a document");
    REQUIRE(kept);
    auditor.submit({Writer::supervisor, RecordKind::policy_load, "", "", load_of(*kept)},
                   [](Result<RecordPlace> place) { CHECK(place); });
    REQUIRE(auditor.commit());
  }
  CHECK(*read_archived(log, kPolicy) == "a document");
  CHECK(read_archived(log, codec::sha256("x")).error().kind() == ErrorKind::not_found);
  write(folder / ("log/policies/" + kPolicy.hex()), "a document.");
  CHECK(read_archived(log, kPolicy).error().kind() == ErrorKind::conflict);
  CHECK(read_archived((folder / "none").string(), kPolicy).error().kind() == ErrorKind::not_found);
}
