// Checkpoints: a text that is taken has one spelling, and what opens says what it says.
#include "codec/checkpoint.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

using namespace glovebox::codec;

bool fuzz_accepts(std::string_view bytes) {
  const auto note = parse_note(bytes);
  return note && parse_checkpoint_text(note->text).has_value();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // The log of the seeds that are signed.
  const NoteKey known =
      NoteKey::parse(
          "example.com/glovebox/fuzz/2026+59045288+AVAD8O3ajVOwYNpdoLJT0hyEYd5H+l7eGAzMfxN0hEwz")
          .value();
  if (const auto text = parse_checkpoint_text(bytes); text && checkpoint_text(*text) != bytes)
    __builtin_trap();
  const auto opened = open_checkpoint(bytes, std::span(&known, 1));
  if (!opened) return 0;
  if (opened->checkpoint.origin != known.name() || !fuzz_accepts(bytes) ||
      !bytes.starts_with(checkpoint_text(opened->checkpoint)))
    __builtin_trap();
  return 0;
}
