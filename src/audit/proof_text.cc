#include "audit/proof_text.h"

#include <cstdint>
#include <format>
#include <utility>

#include "audit/show.h"
#include "base/clock.h"
#include "codec/visible_ascii.h"

namespace glovebox::audit {

namespace {

// A witness may state any time; beyond what a date can say it stays a number.
std::string time_text(codec::CosignatureTime time) {
  constexpr std::int64_t kLastDate = 253'402'300'799;  // the end of the year 9999
  if (time.seconds > kLastDate) return std::format("{} s since 1970", time.seconds);
  return to_rfc3339(WallTime{time.seconds * 1'000'000});
}

}  // namespace

std::string seal_text(const TrustedCheckpoint& sealed, const TrustPolicy& trust) {
  const codec::TreeHead& tree = sealed.seal.checkpoint.tree;
  std::string text = std::format("  tree: {} records, root {}\n", tree.size, tree.root.hex());
  text += std::format("  signed by: {}\n", codec::visible_ascii(sealed.seal.signer.to_string()));
  for (const codec::Cosignature& cosigned : sealed.witnesses)
    text += std::format("  cosigned by: {} at {}\n", codec::visible_ascii(cosigned.signer.name()),
                        time_text(cosigned.time));
  text += std::format("  witnesses needed: {}\n", codec::visible_ascii(trust.quorum_text()));
  return text;
}

codec::JsonObject seal_members(const TrustedCheckpoint& sealed, const TrustPolicy& trust) {
  const codec::Checkpoint& checkpoint = sealed.seal.checkpoint;
  codec::JsonArray witnesses;
  for (const codec::Cosignature& cosigned : sealed.witnesses)
    witnesses.push_back(codec::Json::object({{"name", cosigned.signer.name()},
                                             {"key", cosigned.signer.to_string()},
                                             {"time", time_text(cosigned.time)}}));
  codec::JsonObject members;
  members.set("origin", checkpoint.origin);
  members.set("size", static_cast<std::int64_t>(checkpoint.tree.size));
  members.set("root", checkpoint.tree.root.hex());
  members.set("signer", sealed.seal.signer.to_string());
  members.set("witnesses", std::move(witnesses));
  members.set("quorum", trust.quorum_text());
  return members;
}

Result<std::string> proof_text(const TrustedRecord& checked, const TrustPolicy& trust) {
  const ProvenRecord& proven = checked.proven;
  std::string text = std::format("good: record {} is in the log {}\n", proven.index,
                                 codec::visible_ascii(proven.seal.checkpoint.origin));
  text += std::format("  record: {}\n", TRY(show_record(proven.index, proven.bytes)));
  text += std::format("  leaf: {}\n", codec::leaf_hash(proven.bytes).hex());
  return text + seal_text({proven.seal, checked.witnesses}, trust);
}

codec::Json proof_json(const TrustedRecord& checked, const TrustPolicy& trust) {
  const ProvenRecord& proven = checked.proven;
  codec::JsonObject members = seal_members({proven.seal, checked.witnesses}, trust);
  members.set("verdict", "good");
  members.set("index", static_cast<std::int64_t>(proven.index));
  members.set("leaf", codec::leaf_hash(proven.bytes).hex());
  members.set("record", proven.record.json);
  return members;
}

}  // namespace glovebox::audit
