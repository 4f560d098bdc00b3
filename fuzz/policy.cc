// The policy loader: bytes -> scan -> TOML -> Policy or diagnostics, what prints them, and what is
// said about a policy that is valid.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "policy/canonical.h"
#include "policy/check.h"
#include "policy/load.h"

namespace {

using glovebox::Error;
using glovebox::ErrorKind;
using glovebox::Result;
namespace policy = glovebox::policy;

constexpr policy::Day kToday{std::chrono::days(20000)};

// What hangs on a valid policy may not fail, whatever the policy.
void use(const policy::Policy& made) {
  const auto decision = made.decide("environment", "agent", "bash");
  if (decision.profile == nullptr && decision.reason == "allowed") std::abort();
  const auto digest = [](const policy::Profile& profile) { return profile.syscalls; };
  const auto now = digest_of(made, digest);
  if (!now || *now != *digest_of(made.on(kToday + std::chrono::days(10000)), digest)) std::abort();
  for (const auto& found : {check_policy(made, {}, {}), not_enforced(made), nothing_holds(made)})
    for (const auto& diagnostic : found)
      if (diagnostic.origin.line == 0) std::abort();
}

// A policy exists exactly if nothing is wrong, and whatever is wrong can be shown. Every further
// file that it names has the same bytes, but for that of its tests.
bool check(std::string_view text) {
  const policy::ReadFile same = [&](const std::string& path) -> Result<std::string> {
    if (path.ends_with(".test.toml")) return Error(ErrorKind::not_found, "none");
    return std::string(text);
  };
  const auto loaded = policy::load("fuzz.toml", text, same, kToday);
  if (loaded.policy.has_value() != loaded.diagnostics.empty()) std::abort();
  for (const auto& diagnostic : loaded.diagnostics)
    if (diagnostic.origin.line == 0 || diagnostic.origin.column == 0) std::abort();
  const auto cap = policy::load_cap("fuzz.toml", text);
  if (cap.cap.has_value() != cap.diagnostics.empty()) std::abort();
  if (cap.cap && !policy::is_cap_file(text)) std::abort();
  if (!loaded.policy) {
    const std::string shown = to_text(loaded);
    if (shown.empty() || shown.find('\x1b') != std::string::npos) std::abort();
    return false;
  }
  use(*loaded.policy);
  // What was read gives the same policy again.
  const auto again = policy::load("fuzz.toml", text, policy::read_from(loaded.files), kToday);
  if (!again.policy) std::abort();
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
