#include "cli/process_secrets.h"

#include <stdlib.h>

#include <cstring>
#include <string>

namespace glovebox::cli {

void scrub_arguments(int argc, char** argv, std::span<const std::string_view> flags) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    for (const std::string_view flag : flags) {
      if (!argument.starts_with(flag)) continue;
      if (argument.size() == flag.size() && i + 1 < argc) {
        std::memset(argv[i + 1], 'x', std::strlen(argv[i + 1]));
      } else if (argument.size() > flag.size() && argument[flag.size()] == '=') {
        std::memset(argv[i] + flag.size() + 1, 'x', argument.size() - flag.size() - 1);
      }
    }
  }
}

Secret take_variable(const char* name) {
  char* value = ::getenv(name);
  if (value == nullptr) return {};
  Secret secret = Secret::take(std::string(value));
  zero_memory(value, std::strlen(value));
  ::unsetenv(name);
  return secret;
}

}  // namespace glovebox::cli
