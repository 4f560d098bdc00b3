// Every policy that was ever active, beside the log: `policies/<digest>`, one document each.
//
// A document is written once, durably, and never changed. What a log says about it is the SHA-256
// of its bytes (`doc` of its policy.load), so that a document that was changed on the disk is
// refused when it is read. What a document holds is not known here (roles/stored_policy.h).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "audit/log_directory.h"
#include "audit/policy_register.h"
#include "base/result.h"
#include "codec/digest.h"

namespace glovebox::audit {

constexpr std::string_view kPoliciesName = "policies";
constexpr std::size_t kMaxDocumentBytes = 16u << 20;

class PolicyArchive {
 public:
  using Digest = codec::Sha256Digest;

  // `log`: the log's folder. `policies` outlives the archive. Errors: as LogDirectory.
  static Result<PolicyArchive> open(const std::string& log, PolicyRegister& policies);

  const PolicyRegister& policies() const { return policies_; }
  PolicyRegister& policies() { return policies_; }

  // Returns the digest of the document that is kept of the policy: this one, or the one that the
  // log speaks of already, since several texts can come to one policy. Errors: conflict (what is
  // kept is not what the log says), limit, those of the kernel.
  Result<Digest> keep(const Digest& policy, std::string_view document);
  // Errors: not_found, conflict.
  Result<std::string> fetch(const Digest& policy) const;

 private:
  PolicyArchive(LogDirectory directory, PolicyRegister& policies)
      : directory_(std::move(directory)), policies_(policies) {}
  LogDirectory directory_;
  PolicyRegister& policies_;
};

// Offline, by whoever can read the folder of the log: the document that the log's latest
// policy.load of `policy` speaks of. Errors: not_found, conflict, those of reading a log.
Result<std::string> read_archived(const std::string& log, const codec::Sha256Digest& policy);

}  // namespace glovebox::audit
