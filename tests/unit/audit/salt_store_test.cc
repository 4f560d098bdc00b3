#include "audit/salt_store.h"

#include <fcntl.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <string>

#include "folder.h"
#include "os/file.h"

using namespace glovebox;
using namespace glovebox::audit;

namespace {

struct Salts {
  test::Folder folder;
  SystemRandom random;
  SaltStore open(std::uint64_t next) {
    return SaltStore(os::open_path(folder.path().string(), O_RDONLY | O_DIRECTORY).value(), next,
                     random);
  }
};

const std::string kFirst = "0000000000000000";
const std::string kSecond = "0000000000000001";

}  // namespace

TEST_CASE("the salt of a durable record is never replaced") {
  Salts salts;
  SaltStore store = salts.open(5);
  CHECK(store.put(4).error().kind() == ErrorKind::denied);
  const std::string salt = store.put(5).value();
  store.durable(6);
  CHECK(store.put(5).error().kind() == ErrorKind::denied);
  store.durable(3);  // never back
  CHECK(store.put(5).error().kind() == ErrorKind::denied);
  CHECK(store.get(5).value() == salt);
  CHECK(salts.open(6).put(5).error().kind() == ErrorKind::denied);
}

TEST_CASE("there is no salt where none was put, where it is lost and beyond the file's end") {
  Salts salts;
  SaltStore store = salts.open(0);
  CHECK_FALSE(store.get(0).value());
  const std::string salt = store.put(3).value();
  CHECK_FALSE(store.get(2).value());
  CHECK_FALSE(store.get(4).value());
  CHECK_FALSE(store.get(kSaltsOfFile + 3).value());
  CHECK(store.get(3).value() == salt);
  REQUIRE(store.flush());
  for (const std::size_t size : {4 * kSaltBytes - 1, 3 * kSaltBytes, std::size_t{0}}) {
    std::filesystem::resize_file(salts.folder / kFirst, size);
    CHECK_FALSE(store.get(3).value());
  }
  std::filesystem::remove(salts.folder / kFirst);
  CHECK_FALSE(store.get(3).value());
}

TEST_CASE("salts are found again, each in its slot, in the file of its record") {
  Salts salts;
  std::string last, first, other;
  {
    SaltStore store = salts.open(0);
    last = store.put(kSaltsOfFile - 1).value();
    first = store.put(kSaltsOfFile).value();
    other = store.put(0).value();
    REQUIRE(store.flush());
  }
  CHECK(last.size() == kSaltBytes);
  CHECK(last != first);
  const SaltStore store = salts.open(kSaltsOfFile + 1);
  CHECK(store.get(kSaltsOfFile - 1).value() == last);
  CHECK(store.get(kSaltsOfFile).value() == first);
  CHECK(store.get(0).value() == other);
  CHECK(std::filesystem::file_size(salts.folder / kFirst) == kSaltsOfFile * kSaltBytes);
  CHECK(test::read(salts.folder / kSecond) == first);
  CHECK(std::filesystem::status(salts.folder / kFirst).permissions() ==
        std::filesystem::perms(0600));
}

TEST_CASE("what a crash left of a record that never was is replaced") {
  Salts salts;
  std::string before;
  {
    SaltStore store = salts.open(7);
    before = store.put(7).value();
    REQUIRE(store.flush());
  }
  SaltStore store = salts.open(7);
  const std::string salt = store.put(7).value();
  CHECK(salt != before);
  CHECK(store.get(7).value() == salt);
}

TEST_CASE("an erased salt is gone from the file, its neighbours are not") {
  Salts salts;
  SaltStore store = salts.open(0);
  const std::string one = store.put(0).value(), two = store.put(1).value(),
                    three = store.put(2).value();
  REQUIRE(store.flush());
  store.durable(3);
  CHECK(store.erase(1).value());
  CHECK_FALSE(store.erase(1).value());
  CHECK_FALSE(store.erase(9).value());
  CHECK(store.get(0).value() == one);
  CHECK_FALSE(store.get(1).value());
  CHECK(store.get(2).value() == three);
  CHECK_FALSE(test::read(salts.folder / kFirst).contains(two));
}

TEST_CASE("a link in place of a file is not followed") {
  Salts salts;
  test::Folder elsewhere;
  std::filesystem::create_symlink(elsewhere / "target", salts.folder / kFirst);
  SaltStore store = salts.open(0);
  CHECK_FALSE(store.put(0));
  CHECK_FALSE(std::filesystem::exists(elsewhere / "target"));
}

TEST_CASE("a commitment is opened by its salt and its payload alone") {
  const std::string salt(kSaltBytes, 's'), other(kSaltBytes, 't');
  const codec::Json commitment = salted_commitment(salt, "payload");
  CHECK(*commitment.get_int("n") == 7);
  CHECK(*commitment.get_string("c") == codec::sha256(salt + "payload").hex());
  CHECK(opens(commitment, salt, "payload"));
  CHECK_FALSE(opens(commitment, other, "payload"));
  CHECK_FALSE(opens(commitment, salt, "payloae"));
  CHECK_FALSE(opens(commitment, "", salt + "payload"));
  // What stands before the payload is of one length: nothing moves between the two.
  CHECK_FALSE(opens(commitment, salt + "p", "ayload"));
  CHECK_FALSE(opens(codec::Json("payload"), salt, "payload"));
  CHECK_FALSE(opens(codec::Json::object({{"c", *commitment.get("c")}}), salt, "payload"));
}
