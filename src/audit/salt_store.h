// The salts of payload commitments: beside the log, outside of its tree.
//
// A record says `{"c": SHA-256(salt || payload), "n": bytes}` of what it does not hold. Whoever has
// the salt of the record and the payload can open the commitment; without the salt even a payload
// that can be guessed cannot be tried out. Erasing a salt closes the commitments of its record for
// good and changes no byte that the tree covers.
//
// One salt for each record, in files of kSaltsOfFile slots of kSaltBytes: the slot of record i is
// number i % kSaltsOfFile of file i / kSaltsOfFile (16 digits). A slot of zeros, one that a file is
// too short for, and a file that is not there all say the same: there is no salt (none was needed,
// it was erased or lost). A verifier does not care; a reviewer is told that the commitment cannot
// be opened.
//
// Order: put() for every record of a group that needs one, then flush(), then the flush of the
// records: a salt is durable before its record is acknowledged. A crash in between leaves salts of
// records that never were; they are taken for nothing and replaced. The salt of a record that is
// durable is never replaced, only erased.
//
// What it does not protect against: a file system that keeps old versions, or flash that keeps
// remnants of an erased salt. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "codec/digest.h"
#include "codec/json.h"

namespace glovebox::audit {

constexpr std::size_t kSaltBytes = 32;
constexpr std::uint64_t kSaltsOfFile = 65'536;  // 2 MiB

class SaltStore {
 public:
  // `folder` exists and is the auditor's alone. `next`: how many records are durable. It outlives
  // neither; `random` outlives it.
  SaltStore(UniqueFd folder, std::uint64_t next, Random& random);

  // A new salt for a record that is not durable yet; twice for one index: the second holds. Errors:
  // denied (it is durable), of the kernel.
  Result<std::string> put(std::uint64_t index);
  // Errors: of the kernel; final, as of the log itself.
  Result<void> flush();
  // So many records are durable now; their salts are not replaced any more.
  void durable(std::uint64_t next);

  // nullopt: there is none. Errors: of the kernel.
  Result<std::optional<std::string>> get(std::uint64_t index) const;
  // Durable when it returns. False: there was none. Errors: of the kernel.
  Result<bool> erase(std::uint64_t index);

 private:
  Result<int> file_of(std::uint64_t index);

  UniqueFd folder_;
  std::uint64_t next_;
  Random& random_;
  struct File {
    UniqueFd fd;
    bool is_new = false;  // its name is not durable
  };
  std::map<std::uint64_t, File> unflushed_;  // written since the last flush, by number
};

// `{"c", "n"}` of a payload. `salt`: kSaltBytes of the record's.
codec::Json salted_commitment(std::string_view salt, std::string_view payload);
// Whether the payload is the one that the commitment was made of.
bool opens(const codec::Json& commitment, std::string_view salt, std::string_view payload);

}  // namespace glovebox::audit
