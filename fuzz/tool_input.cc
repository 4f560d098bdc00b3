// The inputs of all tools, as the model sends them: one JSON document, read as each tool's.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/units.h"
#include "codec/json.h"
#include "tools/bash_input.h"
#include "tools/input.h"

using namespace glovebox;

namespace {

bool is_taken(std::string_view bytes) {
  const auto json = codec::parse_json(bytes);
  if (!json) return false;
  const bool bash = tools::bash_input(*json, seconds(600)).has_value();
  const bool read = tools::read_input(*json).has_value();
  const bool write = tools::write_input(*json).has_value();
  const bool edit = tools::edit_input(*json).has_value();
  const bool glob = tools::glob_input(*json).has_value();
  const bool grep = tools::grep_input(*json).has_value();
  return bash || read || write || edit || glob || grep;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)is_taken(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}

bool fuzz_accepts(std::string_view bytes) {
  return is_taken(bytes);
}
