// A look at the raw bytes before the TOML parser sees them.
//
// The parser is a library that can be made to use the whole stack or to stop the process by input
// that is legal but absurd; what this scan lets through cannot do that. It also refuses what a
// reviewer could not see: control bytes and characters that reorder the displayed text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "policy/diagnostic.h"

namespace glovebox::policy {

constexpr std::size_t kMaxPolicyBytes = 1 << 20;
constexpr int kMaxKeyParts = 16;
constexpr int kMaxNesting = 16;
constexpr std::uint32_t kMaxLineColumns = 4096;

std::optional<Diagnostic> scan(std::string_view file, std::string_view text);

}  // namespace glovebox::policy
