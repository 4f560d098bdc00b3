// What `audit verify` found in a folder of tiles (verify_tiles.h), as data and as text.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "audit/record_head.h"
#include "audit/verdict.h"
#include "base/clock.h"
#include "base/units.h"
#include "codec/json.h"
#include "codec/merkle.h"

namespace glovebox::audit {

struct LogReport {
  Verdict verdict = Verdict::good;
  std::string reason;                       // the first that led to the verdict; empty when good
  std::string origin;                       // of the key; empty without one
  bool key_from_log = false;                // the key was taken from the log itself
  bool epoch0_from_log = false;             // so was the key of epoch 0
  std::optional<std::uint64_t> epochs;      // sealed ones; nothing: not checked, no key
  std::optional<codec::TreeHead> sealed;    // what the checkpoint vouches for
  std::uint64_t records = 0;                // good ones, sealed or not
  std::optional<std::uint64_t> bad_record;  // the first bad one, counted from 0
  Duration tail{};                          // between the first and the last record not sealed
  std::uint64_t sessions = 0;
  std::uint64_t intents = 0, results = 0, denials = 0, orphans = 0;
  std::uint64_t open_calls = 0;   // intents without an end
  std::uint64_t recoveries = 0;   // after a crash; what was cut was never acknowledged
  std::uint64_t gaps = 0;         // losses that somebody accepted
  std::uint64_t clock_steps = 0;  // of the wall clock, while the auditor ran
  std::optional<WallTime> first, last;

  std::uint64_t unsealed() const {
    return sealed ? records - std::min(records, sealed->size) : records;
  }

  // Takes over a finding unless there is a graver one, or one of its kind.
  void blame(Verdict found, std::string why);
  void count(const RecordHead& record);

  // One line, or a few: the verdict first. ASCII, no final LF.
  std::string summary() const;
  // Every member under its own name, times as RFC 3339, hashes in hex, what is absent as null.
  codec::Json to_json() const;
};

}  // namespace glovebox::audit
