// glovebox.toml: bytes -> scan -> TOML -> Configuration or diagnostics, and what prints them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "cli/configuration.h"

namespace {

bool check(std::string_view text) {
  const auto loaded = glovebox::cli::load_configuration("fuzz.toml", text);
  if (loaded.configuration.has_value() != loaded.diagnostics.empty()) std::abort();
  for (const auto& diagnostic : loaded.diagnostics)
    if (diagnostic.origin.line == 0 || diagnostic.origin.column == 0) std::abort();
  if (!loaded.configuration) {
    const std::string shown = glovebox::cli::to_text(loaded, text);
    if (shown.empty() || shown.find('\x1b') != std::string::npos) std::abort();
    return false;
  }
  // What names a secret reads back as the same name.
  if (const auto& key = loaded.configuration->environment_key)
    if (glovebox::roles::parse_secret_reference(to_string(*key)).value() != *key) std::abort();
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
