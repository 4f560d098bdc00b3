// Trust policies: what is taken names a log, and trusts no checkpoint that nobody signed.
#include "audit/trust_policy.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace glovebox;

bool fuzz_accepts(std::string_view text) {
  return audit::TrustPolicy::parse(text).has_value();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto policy = audit::TrustPolicy::parse(text);
  if (!policy) return 0;
  if (policy->logs().empty() || policy->quorum_text().empty()) __builtin_trap();
  // The text itself is no checkpoint: it would have to hold its own signature.
  if (policy->open(text)) __builtin_trap();
  return 0;
}
