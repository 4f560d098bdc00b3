#include "codec/tlog_proof.h"

#include <algorithm>
#include <charconv>
#include <format>

#include "codec/base64.h"
#include "codec/checkpoint.h"
#include "codec/merkle.h"
#include "codec/note.h"

namespace glovebox::codec {

namespace {

constexpr std::string_view kFirstLine = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtra = "extra ";
constexpr std::string_view kIndex = "index ";

Error not_a_proof(std::string_view why) {
  return Error(ErrorKind::invalid, std::format("proof: {}", why));
}

Result<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == text.npos) return not_a_proof("a line is missing");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

Result<std::uint64_t> parse_index(std::string_view line) {
  if (!line.starts_with(kIndex)) return not_a_proof("no index");
  line.remove_prefix(kIndex.size());
  std::uint64_t index = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), index);
  if (error != std::errc{} || std::to_string(index) != line || index >= kMaxTreeSize)
    return not_a_proof("not an index");
  return index;
}

Result<Sha256Digest> parse_hash(std::string_view line) {
  const auto bytes = base64_decode(line);
  Sha256Digest hash;
  if (!bytes || bytes->size() != hash.bytes.size()) return not_a_proof("not a hash");
  std::ranges::copy(*bytes, hash.bytes.begin());
  return hash;
}

}  // namespace

std::string format_tlog_proof(const TlogProof& proof) {
  std::string text = std::format("{}\n", kFirstLine);
  if (proof.extra) text += std::format("{}{}\n", kExtra, base64_encode(*proof.extra));
  text += std::format("{}{}\n", kIndex, proof.index);
  for (const Sha256Digest& hash : proof.hashes)
    text += std::format("{}\n", base64_encode(hash.view()));
  return std::format("{}\n{}", text, proof.checkpoint);
}

Result<TlogProof> parse_tlog_proof(std::string_view text) {
  if (text.size() > kMaxTlogProofBytes)
    return Error(ErrorKind::limit, std::format("proof of more than {} bytes", kMaxTlogProofBytes));
  if (TRY(take_line(text)) != kFirstLine) return not_a_proof("not of version 1");
  TlogProof proof;
  std::string_view line = TRY(take_line(text));
  if (line.starts_with(kExtra)) {
    proof.extra = TRY_CONTEXT(base64_decode(line.substr(kExtra.size())), "proof: extra data");
    line = TRY(take_line(text));
  }
  proof.index = TRY(parse_index(line));
  while (true) {
    line = TRY(take_line(text));
    if (line.empty()) break;
    if (proof.hashes.size() == kMaxInclusionHashes) return not_a_proof("too many hashes");
    proof.hashes.push_back(TRY(parse_hash(line)));
  }
  const Note note = TRY_CONTEXT(parse_note(text), "proof");
  TRY_CONTEXT(parse_checkpoint_text(note.text), "proof");
  proof.checkpoint = text;
  return proof;
}

}  // namespace glovebox::codec
