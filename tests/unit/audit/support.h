// What the audit tests share: held time and randomness, and logs made in memory.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../salted_record.h"

#include "audit/record.h"
#include "audit/record_source.h"
#include "audit/wal_sizes.h"
#include "base/clock.h"
#include "codec/digest.h"
#include "codec/note.h"

namespace glovebox::audit::test {

class HeldClock final : public Clock {
 public:
  WallTime wall() const override {
    return {1'795'534'951'000'000 + ticks_++ +
            std::chrono::duration_cast<microseconds>(passed).count()};
  }
  Duration boot() const override { return seconds(5) + passed; }
  Duration monotonic() const override { return seconds(5) + passed; }

  Duration passed{};

 private:
  mutable std::int64_t ticks_ = 0;
};

// Of a write-ahead log that a test makes often.
inline constexpr WalSizes kSmallSizes{
    .block = kWalBlock, .segment = 256 * kKiB, .segments = 2, .group = 128 * kKiB};

class HeldRandom final : public Random {
 public:
  explicit HeldRandom(std::uint8_t seed = 1) : next_(seed) {}
  void fill(std::span<std::byte> out) override {
    for (std::byte& byte : out) byte = static_cast<std::byte>(next_++);
  }

 private:
  std::uint8_t next_;
};

inline codec::Ed25519PrivateKey test_key(std::uint8_t seed = 1) {
  HeldRandom random(seed);
  return codec::Ed25519PrivateKey::generate(random);
}

inline codec::NoteKey note_key(const codec::Ed25519PrivateKey& key,
                               std::string_view origin = "test/audit") {
  return codec::NoteKey::make(origin, key.public_key()).value();
}

// Records that are held in memory, each with the hash of the one before it.
struct MemoryLog {
  std::vector<std::string> lines;

  codec::Sha256Digest last(std::size_t count) const {
    return count == 0 ? codec::Sha256Digest{} : codec::sha256(lines.at(count - 1));
  }
  void add(RecordKind kind, std::string_view session = "", std::string_view tool_use = "",
           codec::JsonObject members = {}) {
    const auto count = static_cast<std::int64_t>(lines.size());
    const RecordStamp stamp{.wall = {1'795'534'951'000'000 + count},
                            .since_boot = microseconds(1000 + count),
                            .boot_id = "b1",
                            .previous = last(lines.size())};
    lines.push_back(
        glovebox::test::salted_record(kind, stamp, session, tool_use, std::move(members)).value());
  }
  RecordsInMemory source() const { return RecordsInMemory(lines); }
};

// boot, then sessions of calls: `count` records of several kinds and lengths.
inline MemoryLog sample_log(std::size_t count) {
  MemoryLog log;
  log.add(RecordKind::boot);
  for (std::size_t call = 0; log.lines.size() < count; ++call) {
    const std::string session = "sess_" + std::to_string(call / 8);
    const std::string id = "toolu_" + std::to_string(call);
    codec::JsonObject intent;
    intent.set("tool", "bash");
    intent.set("arg", codec::Json::object({{"command", "echo " + std::string(call % 7, 'x')}}));
    log.add(RecordKind::tool_intent, session, id, intent);
    if (log.lines.size() < count) log.add(RecordKind::tool_result, session, id);
  }
  return log;
}

}  // namespace glovebox::audit::test
