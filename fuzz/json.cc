// The strict JSON parser: whatever it takes, it writes so that it reads back the same.
#include "codec/json.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using namespace glovebox::codec;

bool fuzz_accepts(std::string_view text) {
  return parse_json(text).has_value();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = parse_json({reinterpret_cast<const char*>(data), size});
  if (!json) return 0;
  for (const std::string& text : {to_json(*json), to_json_pretty(*json)}) {
    const auto again = parse_json(text);
    if (!again || *again != *json) __builtin_trap();
  }
  return 0;
}
