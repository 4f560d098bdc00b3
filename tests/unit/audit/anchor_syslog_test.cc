#include "audit/anchor_syslog.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "tile_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

const codec::Checkpoint kCheckpoint{.origin = kOrigin,
                                    .tree = {.size = 1234, .root = codec::sha256("root")}};
const std::string kNote = codec::sign_checkpoint(kCheckpoint, test_key(1)).value();
constexpr WallTime kNow{1'795'534'951'000'000};

std::string with_origin(const std::string& origin) {
  return codec::sign_checkpoint({.origin = origin, .tree = kCheckpoint.tree}, test_key(1)).value();
}

}  // namespace

TEST_CASE("what cannot be one line of syslog is refused") {
  const std::string text = codec::checkpoint_text(kCheckpoint);
  const std::string by_other = codec::format_note(
      {.text = text, .signatures = {codec::sign_note(text, "w", test_key(2)).value()}});
  const struct {
    const char* name;
    std::string note;
    std::string host;
    ErrorKind kind;
  } rows[] = {
      {"no note", "x", "h", ErrorKind::invalid},
      {"no checkpoint", "x\n\n\u2014 a AAAAAAA=\n", "h", ErrorKind::invalid},
      {"not signed by its log", by_other, "h", ErrorKind::invalid},
      {"an origin with other letters", with_origin("exämple.com/log"), "h", ErrorKind::invalid},
      {"a host with a space", kNote, "a b", ErrorKind::invalid},
      {"a host with a line feed", kNote, "a\nb", ErrorKind::invalid},
      {"a host with a byte above", kNote, "\x80", ErrorKind::invalid},
      {"a long host", kNote, std::string(256, 'h'), ErrorKind::invalid},
      {"a long origin", with_origin(std::string(2000, 'o')), "h", ErrorKind::limit},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(format_syslog_anchor(row.note, row.host, kNow).error().kind() == row.kind);
    }
  }
}

TEST_CASE("a line without an anchor, or with half of one, is refused") {
  const std::string message = format_syslog_anchor(kNote, "build-7", kNow).value();
  CHECK(checkpoint_in_syslog("").error().kind() == ErrorKind::not_found);
  CHECK(checkpoint_in_syslog("<109>1 - - - - - - hello").error().kind() == ErrorKind::not_found);
  const std::size_t begin = message.find(kOrigin);
  for (std::size_t size = begin; size + 90 < message.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(checkpoint_in_syslog(message.substr(0, size)));
  }
}

TEST_CASE("an anchor is one line of syslog, and comes out of it again") {
  const std::string message = format_syslog_anchor(kNote, "build-7", kNow).value();
  CHECK(message.starts_with("<109>1 " + to_rfc3339(kNow) +
                            " build-7 glovebox - anchor - checkpoint v1 " + kOrigin + " 1234 "));
  CHECK(message.size() < 320);
  CHECK(message.find('\n') == message.npos);
  CHECK(format_syslog_anchor(kNote, "", kNow)->contains(" - glovebox - anchor - "));
  for (const std::string& stored :
       {message, "Nov 24 15:22:31 relay " + message, message + "\n", message + "\",\"seen\":1}"}) {
    const std::string note = checkpoint_in_syslog(stored).value();
    CHECK(note == kNote);
  }
  // Lines of others stay out of it.
  codec::Note more = codec::parse_note(kNote).value();
  more.signatures.insert(more.signatures.begin(),
                         codec::sign_note(more.text, "w", test_key(2)).value());
  CHECK(format_syslog_anchor(codec::format_note(more), "build-7", kNow).value() == message);
}

TEST_CASE("each way has its frame") {
  CHECK(frame_syslog("<109>1 x", SyslogTransport::udp) == "<109>1 x");
  CHECK(frame_syslog("<109>1 x", SyslogTransport::tcp) == "8 <109>1 x");
  CHECK(frame_syslog("<109>1 x", SyslogTransport::tls) == "8 <109>1 x");
  // Counted in bytes.
  CHECK(frame_syslog("\u2014", SyslogTransport::tls) == "3 \u2014");
}
