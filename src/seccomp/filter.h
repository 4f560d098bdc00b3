// From reviewed text to the BPF program that the kernel loads.
//
// text -> table -> libseccomp -> program, and the program is then run by an interpreter of ours
// against the table: what is returned was proved to do what the text says, and is to be loaded as
// it is. Programs are for the host's architecture unless another one is named: that is for
// reviewers. A foreign architecture or an x32 number kills the process. A filter does not see what
// pointers point to: clone3 and openat2 can only be allowed or refused as a whole.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "seccomp/deny_calls.h"
#include "seccomp/table.h"
#include "seccomp/text_error.h"

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

// Whose filter a text is. What no tool may have (floor.h) is allowed to processes of ours that
// make boxes: their texts are the shipped ones named `role-…`.
// Of a tool's own text it is asked as well whether its reports are heard (silenced.h); of the
// shipped ones a test asks it.
enum class FilterUser : std::uint8_t { tool, shipped_tool, role };

// Both take what a policy denies beside the text (deny_calls.h); it is part of what is proved.
//
// not_found: no such name. invalid: `denied`. internal: a shipped text or its proof is wrong.
Result<CompiledFilter> compile_builtin(std::string_view name,
                                       std::span<const DeniedCall> denied = {});

// A filter of the operator's for a tool. `file` is how it is named in messages. Kind invalid: the
// message is the text of all that is wrong (text_error.h); that the text lifts the floor, which no
// tool may, is one of them.
Result<CompiledFilter> compile_file(std::string_view file, std::string_view text,
                                    std::span<const DeniedCall> denied = {});

// A text with all that was made of it for one architecture.
struct Proved {
  Table table;
  std::string program;  // as in CompiledFilter
  std::string digest;
};
std::expected<Proved, std::vector<TextError>> prove_text(std::string_view file,
                                                         std::string_view text, FilterUser user,
                                                         Arch arch = kHostArch,
                                                         std::span<const DeniedCall> denied = {});
// The same for a shipped text; nullopt for a name that is none.
std::optional<std::expected<Proved, std::vector<TextError>>> prove_builtin(std::string_view name,
                                                                           Arch arch = kHostArch);

// What a reviewer reads besides the text.
struct FilterText {
  std::string table;    // each rule with its number and predicate
  std::string program;  // assembler, its length and digest
};
FilterText to_text(const Proved& proved);
// The two artefacts of a shipped filter, for all architectures. Errors: as compile_builtin.
Result<FilterText> artefacts_of(std::string_view name);

}  // namespace glovebox::seccomp
