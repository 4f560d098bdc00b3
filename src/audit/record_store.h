// Where records become durable and, behind that, readable. The narrow waist between the auditor and
// its storage (tree_log.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/epoch_keeper.h"
#include "audit/salt.h"
#include "audit/space_level.h"
#include "base/result.h"
#include "codec/digest.h"

namespace glovebox::audit {

// A record's place in the log.
struct RecordPlace {
  std::uint64_t index = 0;
  codec::Sha256Digest leaf;  // SHA-256(0x00 ‖ stored bytes), RFC 9162 §2.1.1
  bool operator==(const RecordPlace&) const = default;
};

class RecordStore {
 public:
  virtual ~RecordStore() = default;

  // How many records there are, durable or not.
  virtual std::uint64_t size() const = 0;
  // Whether a few more records of any size fit into what the next flush() takes.
  virtual bool has_room() const = 0;

  // The seal of the epoch, if it has to be the next record, which then carries just this time. To
  // be asked before each record, and at least once a second. Errors are final.
  virtual Result<std::optional<Seal>> begin_seal(const RecordTime& now) = 0;
  // Takes one record, with the salt of its commitments if it has any (salt_store.h). It is not
  // durable before flush() has succeeded.
  virtual Result<RecordPlace> append(std::string_view record, const std::optional<Salt>& salt) = 0;
  // Makes everything appended durable with one write and one flush of the device. The first error
  // is final: the kernel may have dropped the pages, so no later flush may claim success.
  virtual Result<void> flush() = 0;
  // What may be done behind the answers: brings what is derived from durable records forward, and
  // looks whether all files are still in their place. Errors are final.
  virtual Result<void> settle() = 0;
  // Settles, then signs and publishes the state of the last flush. Returns the note. Final errors.
  virtual Result<std::string> publish() = 0;
  // As of the last settle().
  virtual SpaceLevel space() const = 0;
};

}  // namespace glovebox::audit
