// Files of anchors, and lines of syslog: what is taken was signed by the log, in the order of
// sizes.
#include "audit/anchor_check.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "audit/anchor_syslog.h"
#include "codec/checkpoint.h"

using namespace glovebox;

namespace {

codec::NoteKey log_key() {
  const auto key = codec::Ed25519PrivateKey::from_seed(Secret::take(std::string(32, 'l'))).value();
  return codec::NoteKey::make("example.com/glovebox/fuzz/2026", key.public_key()).value();
}

}  // namespace

bool fuzz_accepts(std::string_view text) {
  const codec::NoteKey log = log_key();
  const auto anchors = audit::read_anchors(text, std::span(&log, 1));
  return anchors && !anchors->heads.empty();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const codec::NoteKey log = log_key();
  if (const auto anchors = audit::read_anchors(text, std::span(&log, 1)))
    for (std::size_t i = 1; i < anchors->heads.size(); ++i)
      if (anchors->heads[i - 1].size >= anchors->heads[i].size) __builtin_trap();
  if (const auto note = audit::checkpoint_in_syslog(text)) {
    const auto again = audit::format_syslog_anchor(*note, "host", {0});
    if (again && audit::checkpoint_in_syslog(*again).value() != *note) __builtin_trap();
  }
  return 0;
}
