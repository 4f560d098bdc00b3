// Seals of epochs: what is taken for one says what it says in one spelling only, and nothing that
// somebody else signed is taken for signed. The file of the keys: whatever is in it, what is taken
// for a slot is written the same again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "audit/epoch_seal.h"
#include "audit/epoch_secret.h"
#include "audit/record.h"

using namespace glovebox;

namespace {

const codec::Ed25519PrivateKey& our_key() {
  static const auto key = [] {
    std::string seed(32, 's');
    return codec::Ed25519PrivateKey::from_seed(Secret::take(std::move(seed))).value();
  }();
  return key;
}

Result<audit::SignedSeal> read(std::string_view line) {
  return audit::parse_seal(TRY(audit::parse_record(line)));
}

}  // namespace

bool fuzz_accepts(std::string_view line) {
  return read(line).has_value();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const audit::EpochSecrets secrets = audit::parse_epoch_file(bytes);
  for (std::size_t slot = 0; slot < secrets.size(); ++slot)
    if (secrets.at(slot) && audit::format_epoch_slot(*secrets.at(slot)).reveal() !=
                                bytes.substr(slot * audit::kEpochSlotBytes, audit::kEpochSlotBytes))
      __builtin_trap();
  const auto found = read(bytes);
  if (!found) return 0;
  const auto record = audit::parse_record(bytes).value();
  const codec::JsonObject again = audit::sign_seal(found->seal, "fuzz", our_key());
  for (const char* member : {"ep", "size", "root", "at", "next"})
    if (*again.find(member) != *record.json.get(member)) __builtin_trap();
  if (audit::is_signed_by(*found, "fuzz", our_key().public_key()) &&
      *again.find("seal") != *record.json.get("seal"))
    __builtin_trap();
  return 0;
}
