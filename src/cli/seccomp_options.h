// The command lines of `glovebox seccomp`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "seccomp/arch.h"

namespace glovebox::cli {

enum class SeccompFormat : std::uint8_t { text, json };

struct SeccompShowOptions {
  std::string name;  // of a shipped filter, or a file
  seccomp::Arch arch = seccomp::kHostArch;
};

struct SeccompCheckOptions {
  std::vector<std::string> files;
  SeccompFormat format = SeccompFormat::text;
};

struct SeccompCompileOptions {
  std::string name;  // of a shipped filter, or a file
  std::string output;
  seccomp::Arch arch = seccomp::kHostArch;
};

struct SeccompExplainOptions {
  std::string call;    // SYSCALL or SYSCALL(argN=VALUE, …)
  std::string filter;  // the name of a shipped one, or a file
  seccomp::Arch arch = seccomp::kHostArch;
  SeccompFormat format = SeccompFormat::text;
};

struct SeccompImportOptions {
  std::string file;
};

}  // namespace glovebox::cli
