#include "audit/anchor_syslog.h"

#include <algorithm>
#include <array>
#include <format>
#include <utility>

#include "codec/base64.h"

namespace glovebox::audit {

namespace {

constexpr int kPriority = 13 * 8 + 5;
constexpr std::string_view kMark = "checkpoint v1 ";
constexpr std::string_view kSignatureMark = "\u2014 ";

bool is_plain(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

Error invalid(std::string_view why) {
  return {ErrorKind::invalid, std::format("anchor in syslog: {}", why)};
}

// The base64 of the first line that has the name of the log.
Result<std::string> signature_of(const codec::Note& note, const std::string& origin) {
  const auto line = std::ranges::find(note.signatures, origin, &codec::NoteSignature::name);
  if (line == note.signatures.end()) return invalid("the log has not signed the checkpoint");
  // `— name base64\n`
  const std::string text = codec::format_signature_line(*line);
  const std::size_t begin = text.rfind(' ') + 1;
  return text.substr(begin, text.size() - begin - 1);
}

}  // namespace

Result<std::string> format_syslog_anchor(std::string_view note, std::string_view host,
                                         WallTime now) {
  const codec::Note parsed = TRY_CONTEXT(codec::parse_note(note), "anchor in syslog");
  const codec::Checkpoint checkpoint =
      TRY_CONTEXT(codec::parse_checkpoint_text(parsed.text), "anchor in syslog");
  if (!is_plain(checkpoint.origin)) return invalid("an origin that is not printable ASCII");
  if (!host.empty() && (!is_plain(host) || host.size() > kMaxSyslogHost))
    return invalid("a host that is not printable ASCII, or too long");
  const std::string signature = TRY(signature_of(parsed, checkpoint.origin));
  std::string message =
      std::format("<{}>1 {} {} glovebox - anchor - {}{} {} {} {}", kPriority, to_rfc3339(now),
                  host.empty() ? "-" : host, kMark, checkpoint.origin, checkpoint.tree.size,
                  codec::base64_encode(checkpoint.tree.root.view()), signature);
  if (message.size() > kMaxSyslogBytes)
    return Error(ErrorKind::limit,
                 std::format("anchor in syslog: more than {} bytes", kMaxSyslogBytes));
  return message;
}

std::string frame_syslog(std::string_view message, SyslogTransport transport) {
  if (transport == SyslogTransport::udp) return std::string(message);
  return std::format("{} {}", message.size(), message);
}

Result<std::string> checkpoint_in_syslog(std::string_view line) {
  const std::size_t mark = line.find(kMark);
  if (mark == line.npos) return Error(ErrorKind::not_found, "no anchor in this line");
  std::string_view rest = line.substr(mark + kMark.size());
  std::array<std::string_view, 4> words;  // origin, size, root, signature
  for (std::string_view& word : words) {
    word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    if (&word != &words.back() && !is_plain(word)) return invalid("a word is missing");
  }
  // What a receiver puts behind the message has no base64 in front.
  constexpr std::string_view kBase64 =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
  words[3] = words[3].substr(0, words[3].find_first_not_of(kBase64));
  std::string note = std::format("{}\n{}\n{}\n\n{}{} {}\n", words[0], words[1], words[2],
                                 kSignatureMark, words[0], words[3]);
  const codec::Note parsed = TRY_CONTEXT(codec::parse_note(note), "anchor in syslog");
  TRY_CONTEXT(codec::parse_checkpoint_text(parsed.text), "anchor in syslog");
  return note;
}

}  // namespace glovebox::audit
