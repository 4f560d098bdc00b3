// Proofs: one spelling each, and what holds is in the tree that a known log signed.
#include "codec/tlog_proof.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "audit/prove.h"

using namespace glovebox;

bool fuzz_accepts(std::string_view text) {
  return codec::parse_tlog_proof(text).has_value();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // The log of the seeds that hold.
  const codec::NoteKey known =
      codec::NoteKey::parse(
          "example.com/glovebox/fuzz/2026+59045288+AVAD8O3ajVOwYNpdoLJT0hyEYd5H+l7eGAzMfxN0hEwz")
          .value();
  const auto proof = codec::parse_tlog_proof(text);
  if (proof && codec::format_tlog_proof(*proof) != text) __builtin_trap();
  const auto proven = audit::check_proof(text, std::span(&known, 1));
  if (proven && (!proof || proven->bytes != proof->extra ||
                 proven->index >= proven->seal.checkpoint.tree.size))
    __builtin_trap();
  return 0;
}
