// The words of filter texts: names of system calls, of errors and of argument constants.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace glovebox::seccomp {

// The x86-64 number, from libseccomp's table; nullopt for a name that it does not know.
std::optional<std::uint32_t> syscall_number(std::string_view name);
// The other way round; nullopt for a number that it does not know.
std::optional<std::string> syscall_name(std::uint32_t number);
// `EPERM` -> 1.
std::optional<std::uint16_t> error_number(std::string_view name);
// `AF_UNIX`, `CLONE_THREAD`, `TIOCSTI` … as the kernel's headers define them.
std::optional<std::uint64_t> constant(std::string_view name);

}  // namespace glovebox::seccomp
