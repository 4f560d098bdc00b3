#include "audit/epoch_file.h"

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <string>

#include "audit/epoch_secret.h"
#include "folder.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

struct Place {
  Folder folder;
  LogDirectory log = LogDirectory::open_to_write(folder / "audit").value();
  std::filesystem::path path = folder / "audit" / kEpochKeyName;
  EpochKeyFile file{log};
};

const std::string kBytes(kEpochFileBytes, 'b');
const std::string kSlot(kEpochSlotBytes, 's');

}  // namespace

TEST_CASE("a file of keys that is not as it must be is refused") {
  SECTION("another size") {
    Place place;
    place.file.make(kBytes).value();
    write(place.path, kBytes.substr(1));
    CHECK(place.file.read().error().kind() == ErrorKind::conflict);
  }
  SECTION("others can read it") {
    Place place;
    place.file.make(kBytes).value();
    set_mode(place.path, 0640);
    CHECK(place.file.read().error().kind() == ErrorKind::denied);
  }
  SECTION("a second name") {
    Place place;
    place.file.make(kBytes).value();
    std::filesystem::create_hard_link(place.path, place.folder / "other");
    CHECK(place.file.read().error().kind() == ErrorKind::denied);
  }
  SECTION("a link") {
    Place place;
    write(place.folder / "elsewhere", kBytes);
    std::filesystem::create_symlink(place.folder / "elsewhere", place.path);
    CHECK(place.file.read().error().kind() == ErrorKind::denied);
    CHECK_FALSE(place.file.make(kBytes));
    CHECK(read(place.folder / "elsewhere") == kBytes);
  }
  SECTION("there is one already") {
    Place place;
    place.file.make(kBytes).value();
    CHECK(place.file.make(kBytes).error().kind() == ErrorKind::exists);
  }
}

TEST_CASE("nothing is written to a file that was moved or replaced") {
  Place place;
  CHECK_FALSE(place.file.write_slot(0, kSlot));
  place.file.make(kBytes).value();
  const auto elsewhere = place.folder / "audit" / "moved";
  std::filesystem::rename(place.path, elsewhere);
  CHECK(place.file.write_slot(0, kSlot).error().kind() == ErrorKind::conflict);
  write(place.path, kBytes);
  CHECK(place.file.write_slot(0, kSlot).error().kind() == ErrorKind::conflict);
  CHECK(read(elsewhere) == kBytes);
  CHECK(read(place.path) == kBytes);
}

TEST_CASE("a slot is written in its place, the other stays") {
  Place place;
  CHECK_FALSE(place.file.read()->has_value());
  place.file.make(kBytes).value();
  CHECK(std::filesystem::status(place.path).permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  CHECK_FALSE(place.file.write_slot(2, kSlot));
  CHECK_FALSE(place.file.write_slot(0, kSlot.substr(1)));
  for (const std::size_t slot : {std::size_t{1}, std::size_t{0}}) {
    place.file.write_slot(slot, kSlot).value();
    CHECK(read(place.path).substr(slot * kEpochSlotBytes, kEpochSlotBytes) == kSlot);
    if (slot == 1) CHECK(read(place.path).starts_with(kBytes.substr(0, kEpochSlotBytes)));
  }
  EpochKeyFile again(place.log);
  CHECK((*again.read())->reveal() == kSlot + kSlot);
}
