// What is written here, read by a program that was written from the specifications and knows
// nothing of this one (tests/integration/audit_tiles.py).
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>

#include "audit/prove.h"
#include "audit/tile_folder.h"
#include "tile_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

// Its exit status; -1 when it did not run.
int other_reader(const std::string& what, const std::filesystem::path& path,
                 const std::string& key) {
  const char* root = std::getenv("GLOVEBOX_SOURCE_ROOT");
  std::string program = std::filesystem::path(root != nullptr ? root : GLOVEBOX_SOURCE_ROOT) /
                        "tests/integration/audit_tiles.py";
  std::array<std::string, 5> words{"python3", program, what, path, key};
  std::array<char*, 6> arguments{};
  for (std::size_t i = 0; i < words.size(); ++i) arguments.at(i) = words.at(i).data();
  pid_t child = 0;
  if (::posix_spawnp(&child, "python3", nullptr, nullptr, arguments.data(), environ) != 0)
    return -1;
  int status = 0;
  if (::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("another reader reads every size, and finds a change") {
  TileLog log;
  const std::string key = log.key().public_key.to_string();
  for (const std::size_t more : {0u, 1u, 255u, 1u, 43u, 300u}) {
    log.add_samples(more);
    log.publish();
    CAPTURE(log.records.size());
    CHECK(other_reader("log", log.path(), key) == 0);
  }
  CHECK(other_reader("log", log.path(), note_key(test_key(9), kOrigin).to_string()) == 1);
  for (const char* name : {"tile/entries/000", "tile/0/001", "tile/1/000.p/2", "checkpoint"}) {
    CAPTURE(name);
    const std::string good = read(log / name);
    std::string changed = good;
    changed[changed.size() / 2] = static_cast<char>(changed[changed.size() / 2] ^ 1);
    write(log / name, changed);
    CHECK(other_reader("log", log.path(), key) == 1);
    write(log / name, good);
  }
}

TEST_CASE("another reader checks a proof") {
  TileLog log;
  log.add_samples(600);
  const std::string checkpoint = log.publish();
  const codec::NoteKey& key = log.key().public_key;
  const std::string proof = prove_record(TileFolder(log.directory()), checkpoint, key, 421).value();
  write(log / "proof", proof);
  CHECK(other_reader("proof", log / "proof", key.to_string()) == 0);
  std::string changed = proof;
  changed[proof.find("index") + 6] = '5';
  write(log / "proof", changed);
  CHECK(other_reader("proof", log / "proof", key.to_string()) == 1);
}
