// Lines of the audit log: whatever is taken for a record is canonical, and is shown as one line of
// printable ASCII; the quick reader takes the same and finds the same.
#include "audit/record.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "audit/record_head.h"
#include "audit/show.h"
#include "codec/jcs.h"

using namespace glovebox;

bool fuzz_accepts(std::string_view line) {
  return audit::parse_record(line).has_value();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto record = audit::parse_record(line);
  const auto head = audit::RecordHeadReader().read(line);
  if (head.has_value() != record.has_value()) __builtin_trap();
  if (!record) return 0;
  if (*head != audit::head_of(*record)) __builtin_trap();
  if (codec::to_jcs(record->json).value() != line) __builtin_trap();
  const auto shown = audit::show_record(0, line);
  if (!shown || !std::ranges::all_of(*shown, [](char c) { return c >= ' ' && c <= '~'; }))
    __builtin_trap();
  return 0;
}
