#include "audit/salt.h"

#include <algorithm>
#include <cstdint>
#include <span>

#include "codec/digest.h"
#include "codec/hex.h"

namespace glovebox::audit {

using codec::Json;

Salt Salt::generate(Random& random) {
  Salt salt;
  random.fill(std::as_writable_bytes(std::span(salt.bytes_)));
  return salt;
}

Result<Salt> Salt::from_bytes(std::string_view bytes) {
  if (bytes.size() != kSaltBytes) return Error(ErrorKind::invalid, "not the size of a salt");
  Salt salt;
  std::ranges::copy(bytes, salt.bytes_.begin());
  return salt;
}

Result<Salt> Salt::parse_hex(std::string_view text) {
  const std::string bytes = TRY_CONTEXT(codec::hex_decode(text), "salt");
  if (codec::hex_encode(bytes) != text) return Error(ErrorKind::invalid, "salt: upper case");
  // As it is stored, that is none.
  if (std::ranges::all_of(bytes, [](char c) { return c == '\0'; }))
    return Error(ErrorKind::invalid, "salt: zeros");
  return from_bytes(bytes);
}

std::string Salt::hex() const {
  return codec::hex_encode(bytes());
}

Json Salt::commitment(std::string_view payload) const {
  codec::Sha256 hash;
  hash.update(bytes());
  hash.update(payload);
  return Json::object(
      {{"c", hash.finish().hex()}, {"n", static_cast<std::int64_t>(payload.size())}});
}

bool Salt::opens(const Json& made, std::string_view payload) const {
  if (!made.is_object() || made.get("c") == nullptr || made.get("n") == nullptr) return false;
  const Json expected = commitment(payload);
  return *made.get("c") == *expected.get("c") && *made.get("n") == *expected.get("n");
}

Json Commitments::of(std::string_view payload) {
  if (!salt_) salt_ = Salt::generate(random_);
  return salt_->commitment(payload);
}

}  // namespace glovebox::audit
