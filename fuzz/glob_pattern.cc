// Glob patterns: the pattern is the first line, names to match are the others.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tools/glob_pattern.h"

using glovebox::tools::GlobPattern;

namespace {

std::string_view first_line(std::string_view bytes) {
  return bytes.substr(0, bytes.find('\n'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string_view text = first_line(bytes);
  const auto pattern = GlobPattern::compile(text);
  if (!pattern) return 0;
  GlobPattern::Progress at = pattern->start();
  const GlobPattern below = pattern->below_literal_folder();
  for (bytes.remove_prefix(text.size()); !bytes.empty();) {
    bytes.remove_prefix(1);
    const std::string_view name = first_line(bytes);
    (void)pattern->matches_file(at, name);
    (void)below.matches_file(below.start(), name);
    at = pattern->enter(at, name);
    bytes.remove_prefix(name.size());
  }
  return 0;
}

bool fuzz_accepts(std::string_view bytes) {
  return GlobPattern::compile(first_line(bytes)).has_value();
}
