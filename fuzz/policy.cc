// The policy loader: bytes -> scan -> TOML -> Policy or diagnostics, and what prints them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "policy/load.h"

namespace {

using glovebox::policy::load;

// A policy exists exactly if nothing is wrong, and whatever is wrong can be shown.
bool check(std::string_view text) {
  const auto loaded = load("fuzz.toml", text);
  if (loaded.policy.has_value() != loaded.diagnostics.empty()) std::abort();
  for (const auto& diagnostic : loaded.diagnostics)
    if (diagnostic.origin.line == 0 || diagnostic.origin.column == 0) std::abort();
  if (!loaded.policy) {
    const std::string shown = to_text(loaded.diagnostics, text);
    if (shown.empty() || shown.find('\x1b') != std::string::npos) std::abort();
    return false;
  }
  const auto decision = loaded.policy->decide("environment", "agent", "bash");
  if (decision.profile == nullptr && decision.reason == "allowed") std::abort();
  return true;
}

}  // namespace

bool fuzz_accepts(std::string_view text) {
  return check(text);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check({reinterpret_cast<const char*>(data), size});
  return 0;
}
