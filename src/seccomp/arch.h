// The architectures that filters are made for.
//
// A filter is for one of them and kills whoever calls by another one's numbers. The program that is
// loaded is the host's; the other one is compiled and proved all the same, so that a reviewer sees
// what a text means there.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace glovebox::seccomp {

enum class Arch : std::uint8_t { x86_64, aarch64 };
inline constexpr std::array kArches = {Arch::x86_64, Arch::aarch64};

#if defined(__x86_64__)
inline constexpr Arch kHostArch = Arch::x86_64;
#elif defined(__aarch64__)
inline constexpr Arch kHostArch = Arch::aarch64;
#else
#error "filters are made for x86-64 and aarch64 only"
#endif

// AUDIT_ARCH_* of linux/audit.h: what the kernel tells a filter.
constexpr std::uint32_t audit_number(Arch arch) {
  return arch == Arch::x86_64 ? 0xC000003E : 0xC00000B7;
}
// x86-64 has a second numbering of its calls, marked by a bit (asm/unistd.h); no other one has.
constexpr bool has_x32(Arch arch) {
  return arch == Arch::x86_64;
}

// `x86_64`, `aarch64`.
constexpr std::string_view to_string(Arch arch) {
  return arch == Arch::x86_64 ? "x86_64" : "aarch64";
}
constexpr std::optional<Arch> parse_arch(std::string_view name) {
  for (const Arch arch : kArches)
    if (to_string(arch) == name) return arch;
  return std::nullopt;
}

}  // namespace glovebox::seccomp
