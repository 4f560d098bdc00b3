// What a witness is sent, and what it answers: one spelling of a request; only what a known log
// signed and grew to is cosigned; an answer that is taken stands below the note and is found there.
#include "audit/witness.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/witness_message.h"
#include "codec/checkpoint.h"
#include "codec/cosignature.h"

using namespace glovebox;

namespace {

constexpr std::string_view kOrigin = "example.com/glovebox/fuzz/2026";

codec::Ed25519PrivateKey key(char fill) {
  return codec::Ed25519PrivateKey::from_seed(Secret::take(std::string(32, fill))).value();
}

class NoStore final : public audit::WitnessStore {
 public:
  Result<std::optional<std::string>> load(std::string_view) override {
    return std::optional<std::string>();
  }
  Result<void> store(std::string_view, std::string_view) override { return {}; }
};

class HeldClock final : public Clock {
 public:
  WallTime wall() const override { return {1'795'534'951'000'000}; }
  Duration boot() const override { return seconds(5); }
  Duration monotonic() const override { return seconds(5); }
};

}  // namespace

bool fuzz_accepts(std::string_view text) {
  return audit::parse_add_checkpoint(text).has_value();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto log = codec::NoteKey::make(kOrigin, key('l').public_key()).value();
  const auto own = codec::CosignerKey::make("witness.example/fuzz", key('w').public_key()).value();
  const auto request = audit::parse_add_checkpoint(text);
  if (request && audit::format_add_checkpoint(*request) != text) __builtin_trap();

  NoStore store;
  const HeldClock clock;
  auto witness = audit::Witness::make(own.name(), key('w'), {log}, store, clock).value();
  const audit::WitnessAnswer answer = witness.add_checkpoint(text);
  const bool signed_by_log =
      request && codec::open_checkpoint(request->note, std::span(&log, 1)).has_value();
  if (answer.status == 200) {
    if (!signed_by_log || !witness.known(kOrigin)) __builtin_trap();
    if (!audit::read_witness_answer(200, answer.body, request->note, std::span(&own, 1)))
      __builtin_trap();
  } else if (witness.known(kOrigin)) {
    __builtin_trap();
  }

  const std::string note =
      codec::sign_checkpoint({.origin = std::string(kOrigin), .tree = {}}, key('l')).value();
  for (const unsigned status : {200U, 409U, 403U}) {
    const auto reply = audit::read_witness_answer(status, text, note, std::span(&own, 1));
    if (reply && reply->lines.empty() == !reply->knows) __builtin_trap();
  }
  return 0;
}
