// Archives: what is read is what the writer writes, byte for byte.
#include "codec/ustar.h"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

using namespace glovebox::codec;

namespace {
constexpr UstarLimits kLimits{.max_bytes = std::size_t{1} << 20, .max_files = 64};
constexpr std::size_t kTimePlace = 136, kTimeDigits = 11;
}  // namespace

bool fuzz_accepts(std::string_view archive) {
  return parse_ustar(archive, kLimits).has_value();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view archive(reinterpret_cast<const char*>(data), size);
  const auto files = parse_ustar(archive, kLimits);
  if (!files) return 0;
  std::int64_t seconds = 0;
  if (!files->empty())
    std::from_chars(archive.data() + kTimePlace, archive.data() + kTimePlace + kTimeDigits, seconds,
                    8);
  UstarWriter writer(seconds);
  for (const ArchiveFile& file : *files)
    if (!is_archive_name(file.name) || !writer.add(file.name, file.bytes)) __builtin_trap();
  if (std::move(writer).finish() != archive) __builtin_trap();
  return 0;
}
