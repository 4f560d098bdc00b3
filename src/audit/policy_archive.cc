#include "audit/policy_archive.h"

#include <format>
#include <optional>
#include <utility>

#include "audit/log_reader.h"
#include "audit/record.h"

namespace glovebox::audit {

namespace {

std::string place_of(const std::string& log) {
  return std::format("{}/{}", log, kPoliciesName);
}

Result<std::string> read_document(const LogDirectory& directory, const codec::Sha256Digest& policy,
                                  const codec::Sha256Digest& document) {
  auto bytes = TRY(directory.read(policy.hex(), kMaxDocumentBytes));
  if (!bytes)
    return Error(ErrorKind::not_found,
                 std::format("policy {} was loaded, but is not kept any more", policy.hex()));
  if (codec::sha256(*bytes) != document)
    return Error(
        ErrorKind::conflict,
        std::format("policy {} is not kept as the log says: it was changed", policy.hex()));
  return *std::move(bytes);
}

Error never_loaded(const codec::Sha256Digest& policy) {
  return Error(ErrorKind::not_found, std::format("no policy {} was ever loaded", policy.hex()));
}

}  // namespace

Result<PolicyArchive> PolicyArchive::open(const std::string& log, PolicyRegister& policies) {
  return PolicyArchive(TRY(LogDirectory::open_to_write(place_of(log))), policies);
}

Result<PolicyArchive::Digest> PolicyArchive::keep(const Digest& policy, std::string_view document) {
  if (document.size() > kMaxDocumentBytes)
    return Error(ErrorKind::limit, std::format("a policy of {} bytes", document.size()));
  if (const auto recorded = policies_.document_of(policy)) {
    TRY(read_document(directory_, policy, *recorded));
    TRY(policies_.kept(policy, *recorded));
    return *recorded;
  }
  const Digest digest = codec::sha256(document);
  // Before the file: one too many is not to leave one.
  TRY(policies_.kept(policy, digest));
  // One that no record speaks of was never active.
  const auto there = TRY(directory_.read(policy.hex(), kMaxDocumentBytes));
  if (there != document) TRY(directory_.replace(policy.hex(), document));
  return digest;
}

Result<std::string> PolicyArchive::fetch(const Digest& policy) const {
  const auto document = policies_.document_of(policy);
  if (!document) return never_loaded(policy);
  return read_document(directory_, policy, *document);
}

Result<std::string> read_archived(const std::string& log, const codec::Sha256Digest& policy) {
  LogReader records = TRY(LogReader::open(log));
  PolicyRegister policies;
  while (const auto stored = TRY(records.next())) {
    const Record record =
        TRY_CONTEXT(parse_record(stored->bytes), std::format("record {}", stored->index));
    policies.note(stored->index, record.kind, *record.json.as_object());
  }
  const auto document = policies.document_of(policy);
  if (!document) return never_loaded(policy);
  return read_document(TRY(LogDirectory::open_to_read(place_of(log))), policy, *document);
}

}  // namespace glovebox::audit
