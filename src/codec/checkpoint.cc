#include "codec/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <utility>

#include "codec/base64.h"

namespace glovebox::codec {

namespace {

Error not_a_checkpoint(std::string_view why) {
  return Error(ErrorKind::invalid, std::format("checkpoint: {}", why));
}

// Takes one line off the front of `text`.
Result<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == text.npos) return not_a_checkpoint("a line is missing");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

Result<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc{} || std::to_string(size) != text || size > kMaxTreeSize)
    return not_a_checkpoint("not the size of a tree");
  return size;
}

Result<void> check_size(std::string_view note) {
  if (note.size() <= kMaxCheckpointBytes) return {};
  return Error(ErrorKind::limit,
               std::format("checkpoint of more than {} bytes", kMaxCheckpointBytes));
}

}  // namespace

std::string checkpoint_text(const Checkpoint& checkpoint) {
  return std::format("{}\n{}\n{}\n", checkpoint.origin, checkpoint.tree.size,
                     base64_encode(checkpoint.tree.root.view()));
}

Result<Checkpoint> parse_checkpoint_text(std::string_view text) {
  Checkpoint checkpoint;
  checkpoint.origin = TRY(take_line(text));
  if (checkpoint.origin.empty()) return not_a_checkpoint("no origin");
  checkpoint.tree.size = TRY(parse_size(TRY(take_line(text))));
  const auto root = base64_decode(TRY(take_line(text)));
  if (!root || root->size() != checkpoint.tree.root.bytes.size())
    return not_a_checkpoint("not the root of a tree");
  std::ranges::copy(*root, checkpoint.tree.root.bytes.begin());
  if (!text.empty()) return not_a_checkpoint("extension lines, which nobody can check");
  return checkpoint;
}

Result<std::string> sign_checkpoint(const Checkpoint& checkpoint, const Ed25519PrivateKey& key) {
  Note note{.text = checkpoint_text(checkpoint), .signatures = {}};
  note.signatures.push_back(
      TRY_CONTEXT(sign_note(note.text, checkpoint.origin, key), "sign the checkpoint"));
  return format_note(note);
}

Result<OpenedCheckpoint> open_checkpoint(std::string_view note, std::span<const NoteKey> logs) {
  TRY(check_size(note));
  const OpenedNote opened = TRY_CONTEXT(open_note(note, logs), "checkpoint");
  Checkpoint checkpoint = TRY(parse_checkpoint_text(opened.text));
  const auto signer = std::ranges::find(opened.signed_by, checkpoint.origin, &NoteKey::name);
  if (signer == opened.signed_by.end())
    return Error(ErrorKind::denied, "checkpoint: of another log than its key");
  return OpenedCheckpoint{std::move(checkpoint), *signer};
}

Result<Checkpoint> claimed_checkpoint(std::string_view note) {
  TRY(check_size(note));
  return parse_checkpoint_text(TRY_CONTEXT(parse_note(note), "checkpoint").text);
}

}  // namespace glovebox::codec
