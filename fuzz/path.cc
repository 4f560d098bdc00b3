// Paths of a box: what is held is in normal form, whatever a model gives.
#include "codec/box_path.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace glovebox::codec;

namespace {

void check(const BoxPath& path) {
  if (BoxPath::parse(path.str()).value() != path) __builtin_trap();
  if (path.str().size() > kMaxPathBytes) __builtin_trap();
  for (const std::string_view part : path.components())
    if (part.empty() || part == "." || part == ".." || part.size() > kMaxPathComponent ||
        part.find_first_of(std::string_view("/\0", 2)) != part.npos)
      __builtin_trap();
  if (!path.starts_with(path.parent())) __builtin_trap();
  const auto relative = path.relative_to(path.parent());
  if (!path.is_root() && path.parent().join(*relative).value() != path) __builtin_trap();
}

}  // namespace

bool fuzz_accepts(std::string_view text) {
  return BoxPath::parse(text).has_value();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto path = BoxPath::parse(text)) {
    check(*path);
    if (path->str() != text) __builtin_trap();
  }
  const BoxPath base = BoxPath::parse("/workspace/src").value();
  if (const auto path = BoxPath::fold(base, text)) {
    check(*path);
    if (BoxPath::fold(base, path->str()).value() != *path) __builtin_trap();
  }
  return 0;
}
