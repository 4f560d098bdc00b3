// From reviewed text to the BPF program that the kernel loads.
//
// text -> table -> libseccomp -> program, and the program is then run by an interpreter of ours
// against the table: what is returned was proved to do what the text says, and is to be loaded as
// it is. Only x86-64; a foreign architecture or an x32 number kills the process. A filter does not
// see what pointers point to: clone3 and openat2 can only be allowed or refused as a whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace glovebox::seccomp {

// A line of the text that reports calls.
struct ReportingRule {
  std::uint32_t number = 0;  // of the system call
  std::string name;
  std::string place;  // `file:line`

  bool operator==(const ReportingRule&) const = default;
};

struct CompiledFilter {
  std::string name;
  std::string program;                 // 8 bytes per BPF instruction, in the byte order of the host
  std::string digest;                  // SHA-256 of the program, 64 hexadecimal digits
  std::vector<ReportingRule> reports;  // by number; none: the filter needs no listener
};

// The shipped texts, as they stand in seccomp/ of the source: `bash`, `file` and `search` for
// tools, `role-…` for the processes of glovebox itself. nullopt for any other name.
std::optional<std::string_view> builtin_text(std::string_view name);
std::vector<std::string_view> builtin_names();
// A set that texts include by `@name`.
std::optional<std::string_view> builtin_set(std::string_view name);

// not_found: no such name. internal: a shipped text or its proof is wrong.
Result<CompiledFilter> compile_builtin(std::string_view name);

// A filter of the operator's for a tool. `file` is how it is named in messages. Kind invalid: the
// message holds a line `file:line:col: error: …` for each thing that is wrong; that the text
// lifts the floor (see floor.h), which no tool may, is one of them.
Result<CompiledFilter> compile_file(std::string_view file, std::string_view text);

// What a reviewer reads besides the text: each rule with its number and predicate, and the program
// as assembler. For role texts the floor is not asked for.
struct FilterText {
  std::string table;
  std::string program;
};
Result<FilterText> show_builtin(std::string_view name);
Result<FilterText> show_file(std::string_view file, std::string_view text);

}  // namespace glovebox::seccomp
