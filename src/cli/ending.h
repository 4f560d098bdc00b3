// Why a command ends before it has begun.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/exit_code.h"

namespace glovebox::cli {

// With its exit code. The message may carry a `hint:` line.
struct Ending {
  ExitCode code;
  std::string message;
};
template <class T>
using Step = std::expected<T, Ending>;

inline std::unexpected<Ending> end(ExitCode code, std::string message) {
  return std::unexpected(Ending{code, std::move(message)});
}
inline std::unexpected<Ending> end(ExitCode code, const Error& error, std::string_view what = "") {
  return end(code, what.empty() ? error.message() : std::string(what) + ": " + error.message());
}

}  // namespace glovebox::cli

// As TRY, for a Step.
#define CLI_TRY(expression)                                     \
  ({                                                            \
    auto step = (expression);                                   \
    if (!step) return std::unexpected(std::move(step).error()); \
    *std::move(step);                                           \
  })
