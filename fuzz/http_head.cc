// The checks of an HTTP head: METHOD SP TARGET LF, then NAME:VALUE lines. Nothing that passes can
// end a line, and dates that are read are written as the same time.
#include "codec/http_head.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "codec/url.h"

using namespace glovebox;
using namespace glovebox::codec;

namespace {

constexpr WallTime kNow{1'795'534'951'000'000};

std::string_view take(std::string_view& text, char end) {
  const std::string_view part = text.substr(0, text.find(end));
  text.remove_prefix(part.size() == text.size() ? part.size() : part.size() + 1);
  return part;
}

}  // namespace

bool fuzz_accepts(std::string_view text) {
  std::string_view line = take(text, '\n');
  const std::string_view method = take(line, ' ');
  if (!check_method(method) || !check_target(line)) return false;
  while (!text.empty()) {
    std::string_view field = take(text, '\n');
    const std::string_view name = take(field, ':');
    if (!check_field_name(name) || !check_field_value(field)) return false;
  }
  return true;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)fuzz_accepts(text);
  constexpr std::string_view kEnds("\r\n\0", 3);
  const bool ends = text.find_first_of(kEnds) != text.npos;
  if (ends && (check_method(text) || check_field_name(text) || check_field_value(text) ||
               check_target(text)))
    __builtin_trap();
  if (const auto time = parse_http_date(text, kNow); time && time->microseconds >= 0)
    if (parse_http_date(format_http_date(*time), kNow).value() != *time) __builtin_trap();
  const auto wait = parse_retry_after(text, kNow);
  if (wait && (*wait < Duration(0) || *wait > kMaxRetryAfter)) __builtin_trap();
  return 0;
}
