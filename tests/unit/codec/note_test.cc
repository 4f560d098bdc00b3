#include "codec/note.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

using namespace glovebox;
using namespace glovebox::codec;

namespace {

// The example of the signed note specification's first implementation.
const std::string kKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const std::string kText =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n";
const std::string kNote =
    kText +
    "\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
    "otpRZb6KE6RyyBwJnAM=\n";

Ed25519PrivateKey key(char fill) {
  return Ed25519PrivateKey::from_seed(Secret::take(std::string(32, fill))).value();
}

NoteKey named(std::string_view name, const Ed25519PrivateKey& private_key) {
  return NoteKey::make(name, private_key.public_key()).value();
}

}  // namespace

TEST_CASE("what is not a note is refused") {
  const struct {
    const char* name;
    std::string text;
  } rows[] = {
      {"empty", ""},
      {"text alone", kText},
      {"no blank line", "text\n\u2014 a AAAAAAA=\n"},
      {"no signature", "text\n\n"},
      {"no line feed at the end", kNote.substr(0, kNote.size() - 1)},
      {"no dash", "text\n\n- a AAAAAAA=\n"},
      {"no name", "text\n\n\u2014  AAAAAAA=\n"},
      {"no signature bytes", "text\n\n\u2014 a\n"},
      {"only a hash", "text\n\n\u2014 a AAAAAA==\n"},
      {"not base64", "text\n\n\u2014 a AAAA*AA=\n"},
      {"plus in a name", "text\n\n\u2014 a+b AAAAAAA=\n"},
      {"a control byte", "te\txt\n\n\u2014 a AAAAAAA=\n"},
      {"a carriage return", "text\r\n\n\u2014 a AAAAAAA=\n"},
      {"bad UTF-8", "te\xff\n\n\u2014 a AAAAAAA=\n"},
      {"something behind the signatures", kNote + "more\n"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK_FALSE(parse_note(row.text));
    }
  }
  std::string many = "text\n\n";
  for (std::size_t i = 0; i <= kMaxNoteSignatures; ++i) many += "\u2014 a AAAAAAA=\n";
  CHECK(parse_note(many).error().kind() == ErrorKind::limit);
  CHECK(parse_note(std::string(kMaxNoteBytes, 'a') + "\n").error().kind() == ErrorKind::limit);
}

TEST_CASE("a text that is not a key is refused") {
  for (const std::string& text :
       {std::string(), std::string("a"), std::string("a+b"), "X" + kKey, kKey + "=",
        std::string("PeterNeumann+c74f20a4") + kKey.substr(21),
        std::string("PeterNeumann+C74F20A3") + kKey.substr(21), kKey.substr(0, kKey.size() - 4),
        std::string("+c74f20a3") + kKey.substr(21)}) {
    CAPTURE(text);
    CHECK_FALSE(NoteKey::parse(text));
  }
  CHECK(NoteKey::parse("PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
            .error()
            .kind() == ErrorKind::unsupported);
  for (const char* name : {"", "a b", "a+b", "a\n", "a\xc2\xa0", "\xff"})
    CHECK_FALSE(NoteKey::make(name, key('a').public_key()));
}

TEST_CASE("a foreign note under its foreign key") {
  const std::vector<NoteKey> known{NoteKey::parse(kKey).value()};
  CHECK(known[0].to_string() == kKey);
  CHECK(known[0].name() == "PeterNeumann");
  const OpenedNote opened = open_note(kNote, known).value();
  CHECK(opened.text == kText);
  CHECK(opened.signed_by == known);
  CHECK(format_note(parse_note(kNote).value()) == kNote);
  CHECK(open_note(kNote, {}).error().kind() == ErrorKind::denied);
}

TEST_CASE("a note with any one byte changed does not open") {
  const std::vector<NoteKey> known{NoteKey::parse(kKey).value()};
  for (std::size_t at = 0; at < kNote.size(); ++at) {
    std::string changed = kNote;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    CAPTURE(at);
    CHECK_FALSE(open_note(changed, known));
  }
}

TEST_CASE("unknown signers are ignored, one bad known one spoils the note") {
  const auto ours = key('a'), other = key('b');
  const std::vector<NoteKey> known{named("ours", ours)};
  Note note{.text = "text\n\nwith a blank line\n", .signatures = {}};
  note.signatures.push_back(sign_note(note.text, "other", other).value());
  CHECK(open_note(format_note(note), known).error().kind() == ErrorKind::denied);
  note.signatures.push_back(sign_note(note.text, "ours", ours).value());
  CHECK(open_note(format_note(note), known).value().signed_by == known);
  // Twice is once.
  note.signatures.push_back(sign_note(note.text, "ours", ours).value());
  CHECK(open_note(format_note(note), known).value().signed_by.size() == 1);
  // Another key under a known name has another hash.
  note.signatures.push_back(sign_note(note.text, "ours", other).value());
  CHECK(open_note(format_note(note), known));
  note.signatures.back().hash = known[0].hash();
  CHECK(open_note(format_note(note), known).error().kind() == ErrorKind::denied);
}

TEST_CASE("only text of a note is signed") {
  for (const char* text : {"", "no line feed", "a\x01\n", "\xff\n"})
    CHECK_FALSE(sign_note(text, "a", key('a')));
  CHECK_FALSE(sign_note("a\n", "b c", key('a')));
}
