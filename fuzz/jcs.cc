// Canonical JSON: what has a canonical form has exactly one, and it is the same value.
#include "codec/jcs.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/jcs_scan.h"
#include "codec/json.h"

using namespace glovebox::codec;

bool fuzz_accepts(std::string_view text) {
  const auto json = parse_json(text);
  return json && to_jcs(*json).has_value();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto json = parse_json(text);
  // The scanner takes nothing that is not canonical.
  std::vector<ScannedMember> members;
  const bool scanned = scan_jcs_object(text, members);
  if (scanned && (!json || to_jcs(*json).value_or("") != text)) __builtin_trap();
  if (!json) return 0;
  const auto canonical = to_jcs(*json);
  if (!canonical) return 0;
  const auto again = parse_json(*canonical);
  if (!again || *again != *json || to_jcs(*again).value() != *canonical) __builtin_trap();
  return 0;
}
