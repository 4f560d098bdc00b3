// What the log says about policies: which ones were loaded, where each is kept, which were revoked.
//
// Rebuilt from the log at each start, so nobody can take a revocation back by a file. Rules:
//   - policy.load names a policy (`pol`) and the digest of the document that is kept of it (`doc`),
//     and is refused before that document is;
//   - one that was revoked is refused, unless `again` says that the operator knows it;
//   - an operator's `policy.revoke` names a policy that was loaded once.
// Pure. Members are those of the records: `pol` and `doc` are 64 hexadecimal digits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "audit/record_kind.h"
#include "base/result.h"
#include "codec/digest.h"
#include "codec/json.h"

namespace glovebox::audit {

// Of one log. A policy is about 100 bytes here.
constexpr std::size_t kMaxPolicies = 4096;
// `act` of the record of a revocation.
inline constexpr std::string_view kRevokeAct = "policy.revoke";

class PolicyRegister {
 public:
  using Digest = codec::Sha256Digest;

  // Whether records of that kind can say anything here.
  static bool may_concern(RecordKind kind) {
    return kind == RecordKind::policy_load || kind == RecordKind::operator_action;
  }
  // Errors: invalid, denied, not_found.
  Result<void> may_record(RecordKind kind, const codec::JsonObject& members) const;
  // A record that is durable; what is no policy's is passed over.
  void note(std::uint64_t index, RecordKind kind, const codec::JsonObject& members);

  // That the document is on stable storage. Error: limit (kMaxPolicies).
  Result<void> kept(const Digest& policy, const Digest& document);
  // What the log says that is kept of the policy.
  std::optional<Digest> document_of(const Digest& policy) const;
  std::size_t size() const { return policies_.size(); }

 private:
  struct Entry {
    std::optional<Digest> kept, recorded;
    std::optional<std::uint64_t> revoked_by;  // index of the record
  };
  const Entry* find(const Digest& policy) const;

  std::map<Digest, Entry> policies_;
};

}  // namespace glovebox::audit
