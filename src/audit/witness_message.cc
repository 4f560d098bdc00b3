#include "audit/witness_message.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <utility>

#include "codec/base64.h"
#include "codec/merkle.h"

namespace glovebox::audit {

namespace {

constexpr std::string_view kOld = "old ";
constexpr unsigned kOk = 200, kConflict = 409;
constexpr std::size_t kShownBytes = 200;

Error malformed(std::string_view why) {
  return {ErrorKind::invalid, std::format("add-checkpoint: {}", why)};
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc{} || std::to_string(size) != text || size > codec::kMaxTreeSize)
    return std::nullopt;
  return size;
}

// Takes one line off the front of `text`.
Result<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == text.npos) return malformed("a line is missing");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

// Of an answer, for people: one line of ASCII.
std::string shown(std::string_view body) {
  std::string text(body.substr(0, std::min(body.find('\n'), kShownBytes)));
  std::ranges::replace_if(text, [](char c) { return c < 0x20 || c > 0x7E; }, '?');
  return text;
}

}  // namespace

std::string format_add_checkpoint(const AddCheckpoint& request) {
  std::string body = std::format("{}{}\n", kOld, request.old_size);
  for (const codec::Sha256Digest& hash : request.proof)
    body += codec::base64_encode(hash.view()) + '\n';
  return body + '\n' + request.note;
}

Result<AddCheckpoint> parse_add_checkpoint(std::string_view body) {
  if (body.size() > kMaxAddCheckpointBytes)
    return Error(ErrorKind::limit,
                 std::format("add-checkpoint: more than {} bytes", kMaxAddCheckpointBytes));
  AddCheckpoint request;
  const std::string_view first = TRY(take_line(body));
  const auto size = first.starts_with(kOld) ? parse_size(first.substr(kOld.size())) : std::nullopt;
  if (!size) return malformed("the first line is not `old` and a size");
  request.old_size = *size;
  for (std::string_view line = TRY(take_line(body)); !line.empty(); line = TRY(take_line(body))) {
    if (request.proof.size() == kMaxWitnessProof)
      return Error(ErrorKind::limit,
                   std::format("add-checkpoint: more than {} hashes", kMaxWitnessProof));
    const auto hash = codec::base64_decode(line);
    codec::Sha256Digest digest;
    if (!hash || hash->size() != digest.bytes.size()) return malformed("a line that is no hash");
    std::ranges::copy(*hash, digest.bytes.begin());
    request.proof.push_back(digest);
  }
  if (body.size() > codec::kMaxCheckpointBytes)
    return Error(ErrorKind::limit, std::format("add-checkpoint: checkpoint of more than {} bytes",
                                               codec::kMaxCheckpointBytes));
  TRY_CONTEXT(codec::parse_note(body), "add-checkpoint");
  request.note = std::string(body);
  return request;
}

Result<WitnessReply> read_witness_answer(unsigned status, std::string_view body,
                                         std::string_view note,
                                         std::span<const codec::CosignerKey> known) {
  if (body.size() > kMaxWitnessAnswerBytes)
    return Error(ErrorKind::limit,
                 std::format("witness: answer of more than {} bytes", kMaxWitnessAnswerBytes));
  WitnessReply reply;
  if (status == kConflict) {
    reply.knows = body.ends_with('\n') ? parse_size(body.substr(0, body.size() - 1)) : std::nullopt;
    if (!reply.knows) return Error(ErrorKind::protocol, "witness: 409 without a size");
    return reply;
  }
  if (status != kOk)
    return Error(ErrorKind::denied, std::format("witness: refused, {}: {}", status, shown(body)));
  const codec::Note sent = TRY_CONTEXT(codec::parse_note(note), "witness");
  // Its lines as those of a note of their own over the same text.
  auto answered = codec::parse_note(sent.text + '\n' + std::string(body));
  if (!answered || answered->text != sent.text)
    return Error(ErrorKind::protocol, "witness: an answer that is not lines of signatures");
  std::erase_if(answered->signatures, [&](const codec::NoteSignature& line) {
    return std::ranges::none_of(known, [&](const codec::CosignerKey& key) {
      return key.name() == line.name && key.hash() == line.hash;
    });
  });
  if (answered->signatures.empty())
    return Error(ErrorKind::protocol, "witness: no line of a key that is known");
  reply.cosignatures = TRY(codec::check_cosignatures(*answered, known));
  reply.lines = std::move(answered->signatures);
  return reply;
}

}  // namespace glovebox::audit
