// Reads the text of a filter.
//
//   default: errno(ENOSYS)
//   @base                          # the lines of seccomp/base.set; sets include nothing
//   getpid: allow
//   clone: allow if low(arg0) in CLONE_THREAD|CLONE_VM else errno(EPERM)  # reason
//
// ACTION is `allow`, `errno(NAME)`, `notify`, `notify(NAME)` or `kill`; `notify` is reported to
// whoever listens, then refused with EPERM, or the error that it names. After `if` stands one
// comparison or several joined by `&&`, `||` and brackets: `argN == V`, `argN in V` (no bit outside
// V), `argN in {V, V..V}`; `low(argN)` looks at the low half only. V is a number or a constant,
// several joined by `|`. `else` is errno(EPERM) where it is left out; it may have a condition of
// its own, `else ACTION if … else ACTION`, and then does not allow. The default does not notify. A
// line that begins with a blank goes on with the one before. Lines stand in order of their names,
// the default first, then the sets; a name stands once in a text and its sets. On the lines of
// dangerous calls (see floor.h) the reason is mandatory.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "seccomp/table.h"
#include "seccomp/text_error.h"

namespace glovebox::seccomp {

constexpr std::size_t kMaxTextBytes = 256 * kKiB;
constexpr std::size_t kMaxLine = 2000;        // characters, with the lines that go on with it
constexpr std::size_t kMaxConjunctions = 32;  // of one rule, after brackets are multiplied out
constexpr std::size_t kMaxItems = 64;         // values and ranges of one `in {…}`
constexpr std::size_t kMaxErrors = 100;       // reported of one text

// Finds the text of a set by its name; nullopt if there is none.
using FindSet = std::function<std::optional<std::string_view>(std::string_view name)>;

// Pure. The errors of the text, in order, or its table for one architecture. A name that only other
// architectures have becomes a line of `absent`; one that none of them has is an error.
std::expected<Table, std::vector<TextError>> parse(std::string_view file, std::string_view text,
                                                   const FindSet& find_set, Arch arch = kHostArch);

}  // namespace glovebox::seccomp
