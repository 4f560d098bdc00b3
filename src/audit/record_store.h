// Where records become durable. The narrow waist between the auditor and its storage: a log file
// now (log_file.h), a tree with a write-ahead log later.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/digest.h"

namespace glovebox::audit {

// A record's place. `hash` is SHA-256 of its stored bytes.
struct RecordPlace {
  std::uint64_t index = 0;
  codec::Sha256Digest hash;
  bool operator==(const RecordPlace&) const = default;
};

class RecordStore {
 public:
  virtual ~RecordStore() = default;

  // How many records there are, durable or not, and the hash of the last one (zeros: none).
  virtual std::uint64_t size() const = 0;
  virtual codec::Sha256Digest last_hash() const = 0;

  // Takes one record without LF. It is not durable before flush() has succeeded.
  virtual Result<RecordPlace> append(std::string_view record) = 0;
  // Makes everything appended durable with one write and one flush of the device. The first error
  // is final: the kernel may have dropped the pages, so no later flush may claim success.
  virtual Result<void> flush() = 0;
  // Signs and publishes the state after the last flush. Returns the note's bytes.
  virtual Result<std::string> publish_head() = 0;
};

}  // namespace glovebox::audit
