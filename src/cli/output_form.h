// How a command says what it found.
#pragma once

#include <cstdint>

namespace glovebox::cli {

enum class OutputForm : std::uint8_t { text, json };

}  // namespace glovebox::cli
