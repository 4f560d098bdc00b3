#include "audit/salt_store.h"

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <string>

#include "folder.h"
#include "support.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

struct Salts {
  Folder folder;
  std::string path() const { return (folder / "salts").string(); }
  std::filesystem::path file(const char* name) const { return folder / "salts" / name; }
  SaltStore open(std::uint64_t next) {
    return SaltStore::open_to_write(LogDirectory::open_to_write(path()).value(), next).value();
  }
};

Salt salt(char byte) {
  return Salt::from_bytes(std::string(kSaltBytes, byte)).value();
}

constexpr const char* kFirst = "0000000000000000";
constexpr const char* kSecond = "0000000000000001";

}  // namespace

TEST_CASE("the salt of a durable record is never replaced") {
  Salts salts;
  {
    SaltStore store = salts.open(5);
    CHECK(store.put(4, salt('a')).error().kind() == ErrorKind::denied);
    REQUIRE(store.put(5, salt('a')));
    REQUIRE(store.put(5, salt('b')));
    REQUIRE(store.durable(6));
    CHECK(store.put(5, salt('c')).error().kind() == ErrorKind::denied);
    REQUIRE(store.durable(3));  // never back
    CHECK(store.put(5, salt('c')).error().kind() == ErrorKind::denied);
    CHECK(store.get(5).value() == salt('b'));
  }
  CHECK(salts.open(6).put(5, salt('c')).error().kind() == ErrorKind::denied);
}

TEST_CASE("there is no salt where none was put, where it is lost and beyond the file's end") {
  Salts salts;
  SaltStore store = salts.open(0);
  CHECK_FALSE(store.get(0).value());
  REQUIRE(store.put(3, salt('a')));
  CHECK_FALSE(store.get(2).value());
  CHECK_FALSE(store.get(4).value());
  CHECK_FALSE(store.get(kSaltsOfFile + 3).value());
  CHECK(store.get(3).value() == salt('a'));
  REQUIRE(store.flush());
  for (const std::size_t size : {4 * kSaltBytes - 1, 3 * kSaltBytes, std::size_t{0}}) {
    std::filesystem::resize_file(salts.file(kFirst), size);
    CHECK_FALSE(store.get(3).value());
  }
  std::filesystem::remove(salts.file(kFirst));
  CHECK_FALSE(store.get(3).value());
}

TEST_CASE("salts are found again, each in its slot, in the file of its record") {
  Salts salts;
  {
    SaltStore store = salts.open(0);
    REQUIRE(store.put(kSaltsOfFile - 1, salt('l')));
    REQUIRE(store.put(kSaltsOfFile, salt('f')));
    REQUIRE(store.put(0, salt('o')));
    REQUIRE(store.flush());
  }
  const SaltStore store = SaltStore::open_to_read(LogDirectory::open_to_read(salts.path()).value());
  CHECK(store.get(kSaltsOfFile - 1).value() == salt('l'));
  CHECK(store.get(kSaltsOfFile).value() == salt('f'));
  CHECK(store.get(0).value() == salt('o'));
  CHECK(read(salts.file(kSecond)).starts_with(salt('f').bytes()));
  CHECK(std::filesystem::status(salts.file(kFirst)).permissions() == std::filesystem::perms(0600));
}

TEST_CASE("a file has its place on the disk before it is needed") {
  Salts salts;
  SaltStore store = salts.open(0);
  CHECK(std::filesystem::file_size(salts.file(kFirst)) == kSaltsOfFile * kSaltBytes);
  REQUIRE(store.durable(kSaltsOfFile / 2 - 1));
  CHECK_FALSE(std::filesystem::exists(salts.file(kSecond)));
  REQUIRE(store.durable(kSaltsOfFile / 2));
  CHECK(std::filesystem::file_size(salts.file(kSecond)) == kSaltsOfFile * kSaltBytes);
  // One that a crash left short.
  std::filesystem::resize_file(salts.file(kSecond), 7);
  REQUIRE(store.durable(2 * kSaltsOfFile));
  REQUIRE(store.flush());
}

TEST_CASE("what a crash left of a record that never was is replaced") {
  Salts salts;
  {
    SaltStore store = salts.open(7);
    REQUIRE(store.put(7, salt('a')));
    REQUIRE(store.flush());
  }
  SaltStore store = salts.open(7);
  REQUIRE(store.put(7, salt('b')));
  CHECK(store.get(7).value() == salt('b'));
}

TEST_CASE("a salt of a record that never was is not taken for a later one's") {
  Salts salts;
  {
    SaltStore store = salts.open(kSaltsOfFile - 2);
    for (const std::uint64_t index : {kSaltsOfFile - 2, kSaltsOfFile - 1, kSaltsOfFile + 5})
      REQUIRE(store.put(index, salt('a')));
    REQUIRE(store.flush());
  }
  // The first of them became durable, the others did not.
  const SaltStore store = salts.open(kSaltsOfFile - 1);
  CHECK(store.get(kSaltsOfFile - 2).value() == salt('a'));
  CHECK_FALSE(store.get(kSaltsOfFile - 1).value());
  CHECK_FALSE(store.get(kSaltsOfFile + 5).value());
}

TEST_CASE("an erased salt is gone from the file, its neighbours are not") {
  Salts salts;
  SaltStore store = salts.open(0);
  for (const char byte : {'a', 'b', 'c'})
    REQUIRE(store.put(static_cast<std::uint64_t>(byte - 'a'), salt(byte)));
  REQUIRE(store.flush());
  REQUIRE(store.durable(3));
  CHECK(store.erase(1).value());
  CHECK_FALSE(store.erase(1).value());
  CHECK_FALSE(store.erase(9).value());
  CHECK(store.get(0).value() == salt('a'));
  CHECK_FALSE(store.get(1).value());
  CHECK(store.get(2).value() == salt('c'));
  CHECK_FALSE(read(salts.file(kFirst)).contains(salt('b').bytes()));
}

TEST_CASE("a link in place of a file is not followed") {
  Salts salts;
  Folder elsewhere;
  const auto directory = LogDirectory::open_to_write(salts.path());
  std::filesystem::create_symlink(elsewhere / "target", salts.file(kFirst));
  CHECK_FALSE(SaltStore::open_to_write(LogDirectory::open_to_read(salts.path()).value(), 0));
  CHECK_FALSE(std::filesystem::exists(elsewhere / "target"));
}

TEST_CASE("a commitment is opened by its salt and its payload alone") {
  const Salt own = salt('s');
  const codec::Json commitment = own.commitment("payload");
  CHECK(*commitment.get_int("n") == 7);
  CHECK(*commitment.get_string("c") == codec::sha256(std::string(own.bytes()) + "payload").hex());
  CHECK(own.opens(commitment, "payload"));
  CHECK_FALSE(salt('t').opens(commitment, "payload"));
  CHECK_FALSE(own.opens(commitment, "payloae"));
  CHECK_FALSE(own.opens(codec::Json("payload"), "payload"));
  CHECK_FALSE(own.opens(codec::Json::object({{"c", *commitment.get("c")}}), "payload"));
  // Of one length: nothing moves between the two.
  CHECK_FALSE(Salt::from_bytes(std::string(own.bytes()) + "p"));
  CHECK(Salt::parse_hex(own.hex()).value() == own);
  for (const std::string& text : {std::string(), std::string("73"), std::string(64, 'g'),
                                  std::string(64, 'A'), std::string(66, '7'), std::string(64, '0')})
    CHECK_FALSE(Salt::parse_hex(text));
}
