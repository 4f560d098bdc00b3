// What a command says to its user, and what it ends with.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/exit_code.h"

namespace glovebox::cli {

// `glovebox: error: …` on stderr. Terminal controls in `message` are made visible; its line feeds
// stay, so that a hint stands on a line of its own.
void print_error(std::string_view message);
void print_note(std::string_view message);

// Diagnostics that begin with their place, `file:line:col: error …`, to stderr without a prefix.
void print_errors(std::string_view lines);

// print_error and the code.
ExitCode fail(ExitCode code, std::string_view message);

// Text of unknown origin for a terminal: only line feeds and tabs keep their meaning.
std::string visible_lines(std::string_view text);

// JSON text with everything beyond ASCII escaped: the same value, and nothing acts on a terminal.
std::string ascii_json(std::string_view json);

// To stdout, as it is.
void print_out(std::string_view bytes);

}  // namespace glovebox::cli
