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
std::string time_text(std::uint64_t seconds) {
  constexpr std::uint64_t kLastDate = 253'402'300'799;  // the end of the year 9999
  if (seconds > kLastDate) return std::format("{} s since 1970", seconds);
  return to_rfc3339(WallTime{static_cast<std::int64_t>(seconds) * 1'000'000});
}

}  // namespace

Result<std::string> proof_text(const TrustedRecord& checked, const TrustPolicy& trust) {
  const ProvenRecord& proven = checked.proven;
  const codec::Checkpoint& sealed = proven.seal.checkpoint;
  std::string text = std::format("good: record {} is in the log {}\n", proven.index,
                                 codec::visible_ascii(sealed.origin));
  text += std::format("  record: {}\n", TRY(show_record(proven.index, proven.bytes)));
  text += std::format("  leaf: {}\n", codec::leaf_hash(proven.bytes).hex());
  text += std::format("  tree: {} records, root {}\n", sealed.tree.size, sealed.tree.root.hex());
  text += std::format("  signed by: {}\n", codec::visible_ascii(proven.seal.signer.to_string()));
  for (const codec::Cosigned& cosigned : checked.witnesses)
    text += std::format("  cosigned by: {} at {}\n", codec::visible_ascii(cosigned.witness.name()),
                        time_text(cosigned.seconds));
  text += std::format("  witnesses needed: {}\n", codec::visible_ascii(trust.quorum_text()));
  return text;
}

codec::Json proof_json(const TrustedRecord& checked, const TrustPolicy& trust) {
  using codec::Json;
  const ProvenRecord& proven = checked.proven;
  const codec::Checkpoint& sealed = proven.seal.checkpoint;
  codec::JsonArray witnesses;
  for (const codec::Cosigned& cosigned : checked.witnesses)
    witnesses.push_back(Json::object({{"name", cosigned.witness.name()},
                                      {"key", cosigned.witness.to_string()},
                                      {"time", time_text(cosigned.seconds)}}));
  return Json::object({{"verdict", "good"},
                       {"index", static_cast<std::int64_t>(proven.index)},
                       {"leaf", codec::leaf_hash(proven.bytes).hex()},
                       {"origin", sealed.origin},
                       {"size", static_cast<std::int64_t>(sealed.tree.size)},
                       {"root", sealed.tree.root.hex()},
                       {"signer", proven.seal.signer.to_string()},
                       {"witnesses", std::move(witnesses)},
                       {"quorum", trust.quorum_text()},
                       {"record", proven.record.json}});
}

}  // namespace glovebox::audit
