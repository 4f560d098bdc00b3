// From a table to a program: libseccomp makes the parts, we join them.
//
// libseccomp cannot say "allow if …, else errno" when the else is not its default, and releases
// before 2.6.1 can weaken a filter while they merge comparisons of one call. So it is never given
// two comparisons that it could merge: it makes one filter that only tells calls apart by number,
// and one of a single rule for each alternative of a condition. A return value that no text can
// name marks where a part goes on in another; the join turns each such return into a jump. Jumps
// of BPF are relative and forward, so parts need no other change. Whether all this was right is
// for prove() to say, not for this file.
#pragma once

#include <vector>

#include "base/result.h"
#include "seccomp/bpf.h"
#include "seccomp/table.h"

namespace glovebox::seccomp {

Result<std::vector<Instruction>> lower(const Table& table);

// An aligned block of values: all v with (v & mask) == value.
struct Block {
  std::uint64_t mask = 0, value = 0;

  bool operator==(const Block&) const = default;
};
// The blocks that together hold exactly what the term holds.
std::vector<Block> to_blocks(const Term& term);

}  // namespace glovebox::seccomp
