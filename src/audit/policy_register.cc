#include "audit/policy_register.h"

#include <format>
#include <string>

namespace glovebox::audit {

namespace {

using codec::Json;
using codec::JsonObject;
using codec::Sha256Digest;

std::optional<Sha256Digest> digest_of(const JsonObject& members, std::string_view key) {
  const Json* value = members.find(key);
  if (value == nullptr || value->as_string() == nullptr) return std::nullopt;
  const auto digest = Sha256Digest::parse_hex(*value->as_string());
  if (!digest) return std::nullopt;
  return *digest;
}

bool says(const JsonObject& members, std::string_view key, const Json& wanted) {
  const Json* value = members.find(key);
  return value != nullptr && *value == wanted;
}

bool is_revocation(RecordKind kind, const JsonObject& members) {
  return kind == RecordKind::operator_action && says(members, "act", kRevokeAct);
}

}  // namespace

const PolicyRegister::Entry* PolicyRegister::find(const Digest& policy) const {
  const auto at = policies_.find(policy);
  return at == policies_.end() ? nullptr : &at->second;
}

Result<void> PolicyRegister::may_record(RecordKind kind, const JsonObject& members) const {
  const bool load = kind == RecordKind::policy_load;
  if (!load && !is_revocation(kind, members)) return {};
  const auto policy = digest_of(members, "pol");
  if (!policy) return Error(ErrorKind::invalid, "member `pol` is not the digest of a policy");
  const Entry* entry = find(*policy);
  if (!load) {
    if (entry != nullptr && entry->recorded) return {};
    return Error(ErrorKind::not_found, "no such policy was ever loaded");
  }
  const auto document = digest_of(members, "doc");
  if (!document) return Error(ErrorKind::invalid, "member `doc` is not a digest");
  if (entry == nullptr || entry->kept != document)
    return Error(ErrorKind::denied, "a policy that is not kept cannot be loaded");
  if (entry->revoked_by && !says(members, "again", true))
    return Error(ErrorKind::denied,
                 std::format("policy {} was revoked by record {}\n"
                             "hint: glovebox policy load FILE --revoked loads it all the same",
                             policy->hex(), *entry->revoked_by));
  return {};
}

void PolicyRegister::note(std::uint64_t index, RecordKind kind, const JsonObject& members) {
  const bool load = kind == RecordKind::policy_load;
  if (!load && !is_revocation(kind, members)) return;
  const auto policy = digest_of(members, "pol");
  if (!policy) return;
  Entry& entry = policies_[*policy];
  if (load) {
    if (const auto document = digest_of(members, "doc")) entry.recorded = document;
    entry.revoked_by.reset();
  } else {
    entry.revoked_by = index;
  }
}

Result<void> PolicyRegister::kept(const Digest& policy, const Digest& document) {
  if (!policies_.contains(policy) && policies_.size() >= kMaxPolicies)
    return Error(ErrorKind::limit, std::format("this log has {} policies, no more are kept\n"
                                               "hint: start a new audit folder",
                                               policies_.size()));
  policies_[policy].kept = document;
  return {};
}

std::optional<PolicyRegister::Digest> PolicyRegister::document_of(const Digest& policy) const {
  const Entry* entry = find(policy);
  return entry == nullptr ? std::nullopt : entry->recorded;
}

}  // namespace glovebox::audit
