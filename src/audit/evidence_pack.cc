#include "audit/evidence_pack.h"

#include <algorithm>
#include <format>
#include <map>
#include <set>
#include <utility>

#include "audit/export_line.h"
#include "audit/pack_parts.h"
#include "audit/record_head.h"
#include "audit/session_page.h"
#include "codec/ustar.h"

namespace glovebox::audit {

namespace {

constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;

// Owns the bytes that the records point into.
struct Gathered {
  std::vector<std::string> lines;
  std::vector<std::uint64_t> indices;
  // The first record that loads each policy: all of them name the same text.
  std::map<std::string, std::uint64_t> loads;
};

Error too_large() {
  return {ErrorKind::limit, std::format("a pack has at most {} records and {} MiB\n"
                                        "hint: glovebox audit export --session has no limit",
                                        kMaxPackRecords, kMaxPackBytes / kMiB)};
}

Result<Gathered> gather(const SealedLog& log, const std::string& session) {
  Gathered gathered;
  std::size_t bytes = 0;
  RecordHeadReader reader;
  const std::string load_kind = std::format(R"("k":"{}")", to_string(RecordKind::policy_load));
  SealedRecords records = log.records();
  while (const auto stored = TRY(records.next())) {
    const std::string place = std::format("record {}", stored->index);
    if (stored->bytes.contains(load_kind)) {
      const Record record = TRY_CONTEXT(parse_record(stored->bytes), place);
      if (record.kind == RecordKind::policy_load)
        gathered.loads.try_emplace(member_text(record, "pol"), stored->index);
    }
    if (!stored->bytes.contains(session)) continue;
    const RecordHead head = TRY_CONTEXT(reader.read(stored->bytes), place);
    if (head.session != session) continue;
    bytes += stored->bytes.size();
    if (gathered.lines.size() == kMaxPackRecords || bytes > kMaxPackBytes) return too_large();
    gathered.lines.emplace_back(stored->bytes);
    gathered.indices.push_back(stored->index);
  }
  if (gathered.lines.empty())
    return Error(ErrorKind::not_found, std::format("no sealed record of the session {}", session));
  return gathered;
}

}  // namespace

Result<std::string> make_pack(const SealedLog& log, std::string_view session) {
  const std::string id = record_id(session);
  const Gathered gathered = TRY(gather(log, id));
  std::vector<ExportRecord> records;
  std::set<std::string> policies;
  std::string lines;
  for (std::size_t i = 0; i < gathered.lines.size(); ++i) {
    records.push_back(TRY(read_for_export({gathered.indices[i], gathered.lines[i]})));
    lines += jsonl_line(records.back()) + "\n";
    if (const std::string policy = member_text(records.back().record, "pol"); !policy.empty())
      policies.insert(policy);
  }
  codec::UstarWriter archive(records.back().record.wall.microseconds / kMicrosecondsPerSecond);
  TRY(archive.add(kPackReadme, readme_text(id, log.key().name())));
  TRY(archive.add(kPackCheckpoint, log.checkpoint()));
  TRY(archive.add(kPackKey, log.key().to_string() + "\n"));
  TRY(archive.add(kPackRecords, lines));
  for (const std::uint64_t index : gathered.indices) {
    TRY(archive.add(proof_name(kPackProofs, index), TRY(log.prove(index))));
    if (archive.size() > kMaxPackBytes) return too_large();
  }
  std::set<std::uint64_t> loads;
  std::map<std::string, std::string> texts;
  std::size_t waiting = 0;  // bytes of texts
  for (const std::string& policy : policies) {
    const auto digest = codec::Sha256Digest::parse_hex(policy);
    const auto load = gathered.loads.find(policy);
    if (!digest || load == gathered.loads.end()) continue;
    auto text = TRY(log.policy_document(*digest));
    if (!text) continue;
    loads.insert(load->second);
    waiting += text->size();
    if (archive.size() + waiting > kMaxPackBytes) return too_large();
    texts.emplace(policy, *std::move(text));
  }
  for (const std::uint64_t index : loads)
    TRY(archive.add(proof_name(kPackLoads, index), TRY(log.prove(index))));
  for (const auto& [policy, text] : texts)
    TRY(archive.add(std::format("{}{}", kPackPolicies, policy), text));
  TRY(archive.add(kPackPage, session_page(id, log.key().name(), records)));
  std::string bytes = std::move(archive).finish();
  if (bytes.size() > kMaxPackBytes) return too_large();
  return bytes;
}

}  // namespace glovebox::audit
