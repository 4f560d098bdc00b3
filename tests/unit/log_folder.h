// A log in a folder, sealed, with the records that a test wants, whatever they are.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "audit/log_directory.h"
#include "audit/log_key.h"
#include "audit/tile_store.h"
#include "base/clock.h"

namespace glovebox::test {

// `path`: a folder of mode 0700, or none yet. Behind what it holds already.
inline void add_to_log(const std::string& path, const std::vector<std::string>& records) {
  SystemRandom random;
  const auto directory = audit::LogDirectory::open_to_write(path);
  REQUIRE(directory);
  const auto key = audit::load_or_make_key(*directory, "test/audit", audit::LogIs::empty, random);
  REQUIRE(key);
  const auto note = directory->read(audit::kCheckpointName, 4096).value();
  std::uint64_t size = 0;
  if (note) size = std::stoull(note->substr(note->find('\n') + 1));
  auto store = audit::TileStore::open(*directory, *key, size);
  REQUIRE(store);
  for (const std::string& record : records) REQUIRE(store->add(record));
  REQUIRE(store->publish());
}

}  // namespace glovebox::test
