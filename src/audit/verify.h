// Checks a log offline, in constant memory: every line, the chain, the head.
//
// It does not show that a directory was put back to an older state with its older head, nor a log
// that never was; `--key` must come from somewhere else than the log to mean anything.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/line_reader.h"
#include "audit/verdict.h"
#include "base/clock.h"
#include "base/result.h"
#include "codec/json.h"
#include "codec/note.h"

namespace glovebox::audit {

struct VerifyReport {
  Verdict verdict = Verdict::incomplete;
  std::string reason;                     // one line; empty when good
  std::string origin;                     // of the key; empty without one
  bool key_from_log = false;              // the key was taken from the log itself
  std::uint64_t records = 0;              // good lines
  std::optional<std::uint64_t> covered;   // records that the head vouches for
  std::optional<std::uint64_t> bad_line;  // first bad one, counted from 1
  std::uint64_t torn_bytes = 0;           // after the last LF
  std::uint64_t intents = 0, results = 0, denials = 0, orphans = 0;
  std::optional<WallTime> first, last;  // times of the first and last good record

  // Like `verify: 50 records, …`: one or two lines of ASCII, no final LF.
  std::string summary() const;
  // Every member under its own name, times as RFC 3339, what is absent as null.
  codec::Json to_json() const;
};

// The log's bytes and what stands beside them. Never fails: what cannot be read as a log is
// reported. A read error of `log` is Error io.
struct VerifyInput {
  ByteSource* log;
  std::optional<std::string> head;
  std::optional<codec::NoteKey> key;
  bool key_from_log = false;
};
Result<VerifyReport> verify_log(const VerifyInput& input);

// `key`: text of a public key, or none to use key.pub of the directory. Errors: not_found and
// others when the directory or log.jsonl cannot be read, invalid for a malformed `key`. It may run
// beside the auditor: what was written since the last head is then reported as after the head.
Result<VerifyReport> verify_directory(const std::string& path, std::optional<std::string_view> key);

}  // namespace glovebox::audit
