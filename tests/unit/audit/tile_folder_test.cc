#include "audit/tile_folder.h"

#include <catch2/catch_test_macros.hpp>

#include "tile_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

const codec::TileRow kEntries = codec::TileRow::entries();
const codec::TileRow kZero = codec::TileRow::hashes(0);

struct Fixture {
  Folder folder;
  LogDirectory log = LogDirectory::open_to_write(folder / "audit").value();
  TileFolder tiles{log};

  std::filesystem::path operator/(std::string_view name) const { return folder / "audit" / name; }
  void put(const std::string& name, std::string_view bytes = "x") {
    std::filesystem::create_directories((*this / name).parent_path());
    write(*this / name, bytes);
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "what is no plain file of a tile's size is not read") {
  put("tile/0/000.p/1", std::string(33, 'x'));
  CHECK(tiles.read({kZero, 0, 1}).error().kind() == ErrorKind::limit);
  std::filesystem::create_directory(*this / "tile/0/001");
  CHECK(tiles.read({kZero, 1, 256}).error().kind() == ErrorKind::denied);
  put("elsewhere");
  std::filesystem::create_symlink(*this / "elsewhere", *this / "tile/0/002");
  CHECK_FALSE(tiles.read({kZero, 2, 256}));
  std::filesystem::create_directory(*this / "far");
  put("far/000");
  std::filesystem::create_directory_symlink(*this / "far", *this / "tile/1");
  CHECK_FALSE(tiles.read({codec::TileRow::hashes(1), 0, 256}));
  CHECK_FALSE(tiles.survey());
  CHECK(tiles.read({kZero, 3, 256}).value() == std::nullopt);
  CHECK(tiles.read({kEntries, 0, 256}).value() == std::nullopt);
}

TEST_CASE_METHOD(Fixture, "tiles are written once, below folders that are made") {
  const codec::TilePlace place{kEntries, 1'234'067, 5};
  REQUIRE(tiles.write(place, "bytes"));
  CHECK(read(*this / "tile/entries/x001/x234/067.p/5") == "bytes");
  CHECK(tiles.read(place).value() == "bytes");
  CHECK(tiles.write(place, "bytes"));
  CHECK(tiles.write(place, "other").error().kind() == ErrorKind::conflict);
  CHECK(tiles.read(place).value() == "bytes");
  put("tile/0");  // a file where a folder must be
  CHECK_FALSE(tiles.write({kZero, 0, 1}, "x"));
}

TEST_CASE_METHOD(Fixture, "the widths of a tile are told, partial ones removed") {
  CHECK(tiles.widths(kZero, 7).value().empty());
  for (const unsigned width : {200u, 3u, 256u, 10u}) REQUIRE(tiles.write({kZero, 7, width}, "x"));
  put("tile/0/007.p/.new-1");
  CHECK(tiles.widths(kZero, 7).value() == std::vector<unsigned>{3, 10, 200, 256});
  REQUIRE(tiles.remove_partials(kZero, 7));
  CHECK(tiles.widths(kZero, 7).value() == std::vector<unsigned>{256});
  CHECK_FALSE(std::filesystem::exists(*this / "tile/0/007.p"));
  CHECK(tiles.remove_partials(kZero, 7));
  CHECK(tiles.remove_partials(kZero, 7'000'000));
}

TEST_CASE_METHOD(Fixture, "a survey finds the last of each row, and names of no tile") {
  CHECK(tiles.survey()->last.empty());
  for (const codec::TilePlace& place : {codec::TilePlace{kEntries, 0, 256},
                                        {kEntries, 999, 256},
                                        {kEntries, 1000, 1},
                                        {kEntries, 1'000'000, 7},
                                        {kEntries, 1'000'000, 6},
                                        {kZero, 999, 3},
                                        {codec::TileRow::hashes(7), 0, 1}})
    REQUIRE(tiles.write(place, "x"));
  put("tile/.new-1");
  put("tile/0/.new-1");
  const auto survey = tiles.survey().value();
  CHECK_FALSE(survey.strange);
  CHECK(survey.last.size() == 3);
  CHECK(survey.last.at(kEntries) == codec::TilePlace{kEntries, 1'000'000, 7});
  CHECK(survey.last.at(kZero) == codec::TilePlace{kZero, 999, 3});
  for (const char* name :
       {"tile/x", "tile/8/000", "tile/0/x", "tile/0/0000", "tile/0/x000/001", "tile/0/000.p/0",
        "tile/0/000.p/256", "tile/0/000.p/1.p/1", "tile/0/x1/001", "tile/entries/000.p/x001/1",
        "tile/0/x001/x002/x003/x004/x005/x006/x007/008"}) {
    CAPTURE(name);
    put(name);
    CHECK(tiles.survey()->strange);
    std::filesystem::remove(*this / name);
    for (auto up = (*this / name).parent_path();
         std::filesystem::is_empty(up) && up.filename() != "audit"; up = up.parent_path())
      std::filesystem::remove(up);
  }
  CHECK_FALSE(tiles.survey()->strange);
}
