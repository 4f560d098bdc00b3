// Reports that nobody would hear.
//
// Filters pass to children, and of their answers the kernel takes the one that stops most: a plain
// error of a process of ours wins over the report that the filter of a box asks for (seccomp(2)).
// A text that says `notify` where that happens promises a record that is never written.
#pragma once

#include <string_view>
#include <vector>

#include "seccomp/table.h"

namespace glovebox::seccomp {

// The shipped filters that every box of a tool stands on.
std::vector<std::string_view> filters_below_tools();

// The first rule of `table` of which a call is reported and that a filter below answers itself;
// null: all reports are heard. Both are asked about the calls of the proof (prove.h). `below` are
// of the same architecture.
const Rule* find_silenced(const Table& table, const Table& below);

}  // namespace glovebox::seccomp
