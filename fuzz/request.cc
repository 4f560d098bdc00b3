// The request grammar: what is taken has one printed form, and that is read as the same request.
#include "policy/request.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using glovebox::policy::parse_request;
using glovebox::policy::to_string;

bool fuzz_accepts(std::string_view text) {
  return parse_request(text).has_value();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto request = parse_request(text);
  if (!request) {
    if (request.error().message().empty()) std::abort();
    return 0;
  }
  const std::string printed = to_string(*request);
  const auto again = parse_request(printed);
  if (!again || *again != *request || to_string(*again) != printed) std::abort();
  return 0;
}
