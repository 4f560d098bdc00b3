// Signed notes and their keys: a note that is taken is written as the same bytes.
#include "codec/note.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

using namespace glovebox::codec;

bool fuzz_accepts(std::string_view bytes) {
  return parse_note(bytes).has_value() || NoteKey::parse(bytes).has_value();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::vector<NoteKey> known{
      NoteKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").value()};
  if (const auto note = parse_note(bytes)) {
    if (format_note(*note) != bytes) __builtin_trap();
    const auto opened = open_note(bytes, known);
    if (opened && opened->text != note->text) __builtin_trap();
  }
  if (const auto key = NoteKey::parse(bytes); key && key->to_string() != bytes) __builtin_trap();
  return 0;
}
