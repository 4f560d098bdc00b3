#include "cli/process_secrets.h"

#include <stdlib.h>

#include <cstddef>
#include <cstring>
#include <string>

namespace glovebox::cli {

namespace {

Secret take(char* value) {
  const std::size_t size = std::strlen(value);
  Secret secret = Secret::take(std::string(value, size));
  std::memset(value, 'x', size);
  return secret;
}

}  // namespace

Secret take_argument(std::span<char* const> arguments, std::string_view flag) {
  Secret taken;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--") break;
    if (argument == flag && i + 1 < arguments.size())
      taken = take(arguments[++i]);
    else if (argument.starts_with(flag) && argument.substr(flag.size()).starts_with('='))
      taken = take(arguments[i] + flag.size() + 1);
  }
  return taken;
}

// NOLINTBEGIN(concurrency-mt-unsafe): one thread, see the header.
std::string variable(const char* name) {
  const char* value = ::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

void set_variable(const char* name, const std::string& value) {
  ::setenv(name, value.c_str(), 1);
}

Secret take_variable(const char* name) {
  char* value = ::getenv(name);
  if (value == nullptr) return {};
  Secret secret = Secret::take(std::string(value));
  zero_memory(value, std::strlen(value));
  ::unsetenv(name);
  return secret;
}
// NOLINTEND(concurrency-mt-unsafe)

}  // namespace glovebox::cli
