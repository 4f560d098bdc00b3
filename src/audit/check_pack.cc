#include <algorithm>
#include <format>
#include <map>
#include <set>
#include <utility>

#include "audit/evidence_pack.h"
#include "audit/export_line.h"
#include "audit/log_key.h"
#include "audit/pack_parts.h"
#include "audit/proof_text.h"
#include "audit/session_page.h"
#include "codec/merkle.h"
#include "codec/ustar.h"
#include "codec/visible_ascii.h"

namespace glovebox::audit {

namespace {

using Files = std::map<std::string, std::string_view, std::less<>>;

Error bad(std::string what) {
  return {ErrorKind::invalid, "pack: " + std::move(what)};
}

// Takes a file out of those that are left.
Result<std::string_view> take(Files& files, std::string_view name) {
  const auto found = files.find(name);
  if (found == files.end()) return bad(std::format("no {}", name));
  const std::string_view bytes = found->second;
  files.erase(found);
  return bytes;
}

// The proofs in a folder, in the order of their indices, each checked.
Result<std::vector<ProvenRecord>> take_proofs(Files& files, std::string_view folder,
                                              std::string_view checkpoint,
                                              const codec::OpenedCheckpoint& seal) {
  std::map<std::uint64_t, std::string_view> proofs;
  for (auto at = files.lower_bound(folder); at != files.end() && at->first.starts_with(folder);) {
    const auto index = parse_proof_name(folder, at->first);
    if (!index) return bad(std::format("{} is no name of a proof", at->first));
    proofs.emplace(*index, at->second);
    at = files.erase(at);
  }
  std::vector<ProvenRecord> proven;
  for (const auto& [index, proof] : proofs) {
    const std::string name = proof_name(folder, index);
    proven.push_back(TRY_CONTEXT(check_proof_under(proof, checkpoint, seal), name));
    if (proven.back().index != index)
      return bad(std::format("{} is of record {}", name, proven.back().index));
  }
  return proven;
}

// One session, from its first record on, each following the one before.
Result<std::vector<ExportRecord>> check_chain(std::span<const ProvenRecord> proven) {
  std::vector<ExportRecord> records;
  codec::Sha256Digest previous;
  for (const ProvenRecord& one : proven) {
    if (one.record.session.empty() || one.record.session != proven.front().record.session)
      return bad(std::format("record {} is of another session", one.index));
    if (one.record.previous != previous)
      return bad(records.empty()
                     ? std::format("record {} is not the first of its session: what came before it "
                                   "is missing",
                                   one.index)
                     : std::format("between record {} and record {} one is missing",
                                   records.back().index, one.index));
    previous = codec::leaf_hash(one.bytes);
    records.push_back(ExportRecord{
        .index = one.index, .bytes = one.bytes, .leaf = previous, .record = one.record});
  }
  if (records.empty()) return bad("no proofs");
  return records;
}

Result<void> check_policies(Files& files, std::span<const ExportRecord> records,
                            std::span<const ProvenRecord> loads, PackReport& report) {
  std::map<std::string, std::string> documents;  // by policy
  for (const ProvenRecord& load : loads) {
    if (load.record.kind != RecordKind::policy_load)
      return bad(std::format("record {} loads no policy", load.index));
    documents.try_emplace(member_text(load.record, "pol"), member_text(load.record, "doc"));
  }
  std::set<std::string> named;
  for (const ExportRecord& record : records)
    if (std::string policy = member_text(record.record, "pol"); !policy.empty())
      named.insert(std::move(policy));
  for (const std::string& policy : named) {
    const auto document = documents.find(policy);
    const auto text = files.find(std::format("{}{}", kPackPolicies, policy));
    if (text == files.end()) {
      report.unknown_policies.push_back(policy);
      continue;
    }
    if (document == documents.end())
      return bad(std::format("no record says which text policy {} has", policy));
    if (codec::sha256(text->second).hex() != document->second)
      return bad(std::format("{} is not the text that was recorded", text->first));
    files.erase(text);
    ++report.policies;
  }
  return {};
}

}  // namespace

bool looks_like_pack(std::string_view bytes) {
  return bytes.size() > codec::kUstarBlock && bytes.substr(257, 5) == "ustar";
}

Result<PackReport> check_pack(std::string_view archive, const TrustPolicy& trust) {
  Files files;
  for (codec::ArchiveFile& file : TRY_CONTEXT(
           codec::parse_ustar(archive, {.max_bytes = kMaxPackBytes, .max_files = kMaxPackFiles}),
           "pack"))
    files.emplace(std::move(file.name), file.bytes);
  const std::string_view checkpoint = TRY(take(files, kPackCheckpoint));
  PackReport report{.session = {}, .sealed = TRY_CONTEXT(trust.open(checkpoint), "pack")};
  const codec::OpenedCheckpoint& seal = report.sealed.seal;
  const codec::NoteKey key =
      TRY_CONTEXT(parse_public_key(TRY(take(files, kPackKey))), std::format("pack: {}", kPackKey));
  if (key != seal.signer) return bad("key.pub is not the key that signed the checkpoint");

  const auto proven = TRY(take_proofs(files, kPackProofs, checkpoint, seal));
  const auto loads = TRY(take_proofs(files, kPackLoads, checkpoint, seal));
  const std::vector<ExportRecord> records = TRY(check_chain(proven));
  report.session = records.front().record.session;
  report.is_closed = records.back().record.kind == RecordKind::session_close;
  std::string lines;
  for (const ExportRecord& record : records) {
    report.records.push_back(record.index);
    lines += jsonl_line(record) + "\n";
  }
  if (TRY(take(files, kPackRecords)) != lines)
    return bad("records.jsonl does not hold the records that are proved");
  TRY(check_policies(files, records, loads, report));
  const std::string_view page = TRY(take(files, kPackPage));
  const std::string_view readme = TRY(take(files, kPackReadme));
  report.are_words_ours = page == session_page(report.session, seal.checkpoint.origin, records) &&
                          readme == readme_text(report.session, seal.checkpoint.origin);
  if (!files.empty()) return bad(std::format("{} has no place in it", files.begin()->first));
  return report;
}

std::string pack_text(const PackReport& report, const TrustPolicy& trust) {
  const codec::Checkpoint& sealed = report.sealed.seal.checkpoint;
  std::string text =
      std::format("good: {} records of session {} are in the log {}\n", report.records.size(),
                  codec::visible_ascii(report.session), codec::visible_ascii(sealed.origin));
  text += seal_text(report.sealed, trust);
  text += std::format("  chain: whole from record {} to record {}\n", report.records.front(),
                      report.records.back());
  text += report.is_closed ? "  end: session.close\n"
                           : "  end: no session.close, so more may have followed\n";
  text += std::format("  policies: {} as recorded\n", report.policies);
  for (const std::string& policy : report.unknown_policies)
    text += std::format("  policy without its text: {}\n", codec::visible_ascii(policy));
  text += report.are_words_ours
              ? "  README.txt, session.html: as these records make them\n"
              : "  README.txt, session.html: not as this version makes them; do not rely on them\n";
  return text;
}

codec::Json pack_json(const PackReport& report, const TrustPolicy& trust) {
  codec::JsonArray unknown, records;
  for (const std::string& policy : report.unknown_policies) unknown.emplace_back(policy);
  for (const std::uint64_t index : report.records)
    records.emplace_back(static_cast<std::int64_t>(index));
  codec::JsonObject members = seal_members(report.sealed, trust);
  members.set("verdict", "good");
  members.set("session", report.session);
  members.set("records", std::move(records));
  members.set("closed", report.is_closed);
  members.set("policies", static_cast<std::int64_t>(report.policies));
  members.set("policies_without_text", std::move(unknown));
  members.set("words_as_made", report.are_words_ours);
  return members;
}

}  // namespace glovebox::audit
