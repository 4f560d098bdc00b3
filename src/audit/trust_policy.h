// Whom a reader of evidence trusts: a policy file (C2SP tlog-policy), or the key of one log.
//
// The file names logs, witnesses, groups of witnesses, and a quorum; one of each a line, what is
// used above what uses it, `#` begins a comment line:
//
//   log <vkey> [<url>]
//   witness <name> <vkey> [<url>]
//   group <name> all|any|<k> <member>...
//   quorum <name>|none
//
// A checkpoint is trusted when one of the logs signed it under its own name and the quorum is
// reached: `k` of the members of a group cosigned it. All of the format is honoured but keys of
// types that this version cannot check: those, and every line that is not understood, are refused,
// since a policy read in part would trust too much. Addresses are passed over: nothing is asked of
// the network. A file that names no log is refused too, though the format has it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "codec/checkpoint.h"
#include "codec/cosignature.h"
#include "codec/note.h"

namespace glovebox::audit {

constexpr std::size_t kMaxTrustPolicyBytes = 64 * kKiB;
constexpr std::size_t kMaxTrustedLogs = 64;
constexpr std::size_t kMaxWitnesses = 64;
constexpr std::size_t kMaxGroups = 64;

struct TrustedCheckpoint {
  codec::OpenedCheckpoint seal;
  std::vector<codec::Cosignature> witnesses;  // those that the policy knows, whether needed or not
};

class TrustPolicy {
 public:
  // Errors: invalid and unsupported, naming the line; limit.
  static Result<TrustPolicy> parse(std::string_view text);
  // One log, no witness.
  static TrustPolicy of_log(codec::NoteKey log);

  std::span<const codec::NoteKey> logs() const { return logs_; }
  std::span<const codec::CosignerKey> witnesses() const { return witnesses_; }
  // `2 of X-witnesses`, `all of both`, `none`, or the name of a witness: for people.
  std::string quorum_text() const;

  // Errors: invalid (malformed), limit, denied (not signed by a log of the policy, a bad signature
  // of a log or witness that it knows, or too few witnesses).
  Result<TrustedCheckpoint> open(std::string_view checkpoint) const;

 private:
  TrustPolicy() = default;
  struct Reader;
  struct Witness {
    std::size_t index;  // in witnesses_
  };
  struct Group {
    std::string name;
    std::size_t needed;                // of the members, 1 to all
    std::vector<std::size_t> members;  // in parties_, all below the group itself
  };
  struct NoQuorum {};
  struct Party {
    std::size_t index;  // in parties_
  };

  // Who has witnessed, in the order of parties_.
  std::vector<bool> witnessed(std::span<const codec::Cosignature> by) const;

  std::vector<codec::NoteKey> logs_;
  std::vector<codec::CosignerKey> witnesses_;
  std::vector<std::variant<Witness, Group>> parties_;
  std::variant<NoQuorum, Party> quorum_;
};

}  // namespace glovebox::audit
