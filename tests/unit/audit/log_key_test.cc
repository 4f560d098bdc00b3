#include "audit/log_key.h"

#include <catch2/catch_test_macros.hpp>
#include <span>
#include <string>

#include "codec/checkpoint.h"
#include "folder.h"
#include "support.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

struct Fixture {
  Folder folder;
  LogDirectory directory = LogDirectory::open_to_write(folder / "audit").value();
  HeldRandom random;

  Result<LogKey> load(LogIs log, std::string_view origin = "test/audit") {
    return load_or_make_key(directory, origin, log, random);
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a key that is not what was made is refused, never made anew") {
  REQUIRE(load(LogIs::empty));
  const std::string key = read(folder / "audit/key");
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string changed = key;
    changed.replace(changed.find(from), from.size(), to);
    return changed;
  };
  const struct {
    const char* name;
    std::string text;
  } rows[] = {
      {"empty", ""},
      {"no line feed", key.substr(0, key.size() - 1)},
      {"two line feeds", key + "\n"},
      {"a public key", read(folder / "audit/key.pub")},
      {"another name", with("test/audit", "best/audit")},
      {"no name", "PRIVATE+KEY+"},
      {"cut", key.substr(0, key.size() - 9) + "\n"},
      {"another type", with("+AQ", "+Ag")},
      {"not base64", with("+AQ", "+A!")},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      REQUIRE(directory.replace("key", row.text));
      CHECK(load(LogIs::filled).error().kind() == ErrorKind::conflict);
      CHECK(load(LogIs::empty).error().kind() == ErrorKind::conflict);
      CHECK(read(folder / "audit/key") == row.text);
    }
  }
  SECTION("any one byte changed") {
    std::size_t taken = 0;
    for (std::size_t at = 0; at < key.size(); ++at) {
      std::string changed = key;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      write(folder / "audit/key", changed);
      taken += load(LogIs::filled).has_value();
    }
    CHECK(taken == 0);
  }
}

TEST_CASE_METHOD(Fixture, "a log without its key is not continued") {
  CHECK(load(LogIs::filled).error().kind() == ErrorKind::conflict);
  CHECK_FALSE(std::filesystem::exists(folder / "audit/key"));
}

TEST_CASE_METHOD(Fixture, "a name that is no key name makes no key") {
  for (const char* origin : {"", "a b", "a+b"}) {
    CHECK(load(LogIs::empty, origin).error().kind() == ErrorKind::invalid);
    CHECK_FALSE(std::filesystem::exists(folder / "audit/key"));
  }
}

TEST_CASE_METHOD(Fixture,
                 "a public key of another key is refused, a missing one is written again") {
  REQUIRE(load(LogIs::empty));
  const std::string known = read(folder / "audit/key.pub");
  REQUIRE(directory.replace("key.pub", note_key(test_key(99)).to_string() + "\n"));
  CHECK(load(LogIs::filled).error().kind() == ErrorKind::conflict);
  std::filesystem::remove(folder / "audit/key.pub");
  REQUIRE(load(LogIs::filled));
  CHECK(read(folder / "audit/key.pub") == known);
}

TEST_CASE_METHOD(Fixture, "a key keeps its name and signs what its public half checks") {
  const LogKey made = load(LogIs::empty).value();
  const LogKey again = load(LogIs::filled, "another/name").value();
  CHECK(again.public_key == made.public_key);
  CHECK(again.public_key.name() == "test/audit");
  const std::string note =
      codec::sign_checkpoint({.origin = "test/audit", .tree = {.size = 3, .root = {}}},
                             again.private_key)
          .value();
  const codec::NoteKey key = parse_public_key(read(folder / "audit/key.pub")).value();
  CHECK(codec::open_checkpoint(note, std::span(&key, 1)));
  CHECK(parse_public_key(made.public_key.to_string()).value() == made.public_key);
  CHECK_FALSE(parse_public_key(""));
  CHECK_FALSE(parse_public_key(made.public_key.to_string() + "\n\n"));
}
