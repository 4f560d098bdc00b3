// From reviewed text to the BPF program that the kernel loads.
//
// text -> table -> libseccomp -> program, and the program is then run by an interpreter of ours
// against the table: what is returned was proved to do what the text says, and is to be loaded as
// it is. Only x86-64; a foreign architecture or an x32 number kills the process. A filter does not
// see what pointers point to: clone3 and openat2 can only be allowed or refused as a whole.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "seccomp/deny_calls.h"

namespace glovebox::seccomp {

struct CompiledFilter {
  std::string name;
  std::string program;  // 8 bytes per BPF instruction, in the byte order of the host
  std::string digest;   // SHA-256 of the program, 64 hexadecimal digits
};

// The shipped texts, as they stand in seccomp/ of the source: `bash`, `file` and `search` for
// tools, `role-…` for the processes of glovebox itself. nullopt for any other name.
std::optional<std::string_view> builtin_text(std::string_view name);
std::vector<std::string_view> builtin_names();
// A set that texts include by `@name`.
std::optional<std::string_view> builtin_set(std::string_view name);

// Both take what a policy denies beside the text (deny_calls.h); it is part of what is proved.
//
// not_found: no such name. invalid: `denied`. internal: a shipped text or its proof is wrong.
Result<CompiledFilter> compile_builtin(std::string_view name,
                                       std::span<const DeniedCall> denied = {});

// A filter of the operator's for a tool. `file` is how it is named in messages. Kind invalid: the
// message holds a line `file:line:col: error: …` for each thing that is wrong; that the text
// lifts the floor (see floor.h), which no tool may, is one of them.
Result<CompiledFilter> compile_file(std::string_view file, std::string_view text,
                                    std::span<const DeniedCall> denied = {});

// What a reviewer reads besides the text: each rule with its number and predicate, and the program
// as assembler. For role texts the floor is not asked for.
struct FilterText {
  std::string table;
  std::string program;
};
Result<FilterText> show_builtin(std::string_view name);
Result<FilterText> show_file(std::string_view file, std::string_view text);

}  // namespace glovebox::seccomp
