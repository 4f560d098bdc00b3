#include "audit/head.h"

#include <charconv>
#include <format>
#include <span>

namespace glovebox::audit {

namespace {

constexpr std::string_view kFirstLine = "glovebox audit head v1";

// Takes one line off the front of `text`.
Result<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == text.npos) return Error(ErrorKind::invalid, "head: a line is missing");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

Result<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  const bool canonical = !text.empty() && (text == "0" || text[0] != '0');
  if (error != std::errc{} || end != text.data() + text.size() || !canonical)
    return Error(ErrorKind::invalid, "head: not a number of records");
  return size;
}

}  // namespace

Result<std::string> sign_head(const Head& head, const codec::Ed25519PrivateKey& key) {
  codec::Note note;
  note.text = std::format("{}\n{}\n{}\n{}\n", kFirstLine, head.origin, head.size, head.last.hex());
  note.signatures.push_back(
      TRY_CONTEXT(codec::sign_note(note.text, head.origin, key), "sign the head"));
  return codec::format_note(note);
}

Result<Head> open_head(std::string_view note, const codec::NoteKey& key) {
  const codec::OpenedNote opened = TRY_CONTEXT(codec::open_note(note, std::span(&key, 1)), "head");
  std::string_view rest = opened.text;
  if (TRY(take_line(rest)) != kFirstLine)
    return Error(ErrorKind::invalid, "head: signed, but not a head of an audit log");
  Head head;
  head.origin = TRY(take_line(rest));
  const std::string_view size = TRY(take_line(rest));
  const std::string_view last = TRY(take_line(rest));
  head.size = TRY(parse_size(size));
  head.last = TRY_CONTEXT(codec::Sha256Digest::parse_hex(last), "head");
  if (!rest.empty()) return Error(ErrorKind::invalid, "head: more lines than expected");
  if (head.origin != key.name())
    return Error(ErrorKind::denied, "head: of another log than its key");
  return head;
}

}  // namespace glovebox::audit
