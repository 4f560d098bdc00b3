// The words of filter texts: names of system calls, of errors and of argument constants.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "seccomp/arch.h"

namespace glovebox::seccomp {

// The number of a call, from libseccomp's table; nullopt for a name that it does not know or that
// the architecture does not have.
std::optional<std::uint32_t> syscall_number(std::string_view name, Arch arch = kHostArch);
// The other way round; nullopt for a number that it does not know.
std::optional<std::string> syscall_name(std::uint32_t number, Arch arch = kHostArch);
// One of kArches has it.
bool is_syscall(std::string_view name);
// `EPERM` -> 1.
std::optional<std::uint16_t> error_number(std::string_view name);
// `AF_UNIX`, `CLONE_THREAD`, `TIOCSTI` … as the kernel's headers define them. Only those that have
// one value on all of kArches are known.
std::optional<std::uint64_t> constant(std::string_view name);

// A known word that is spelt nearly so, for a hint; empty if there is none.
std::string nearest_syscall(std::string_view name);
std::string nearest_error(std::string_view name);
std::string nearest_constant(std::string_view name);

}  // namespace glovebox::seccomp
