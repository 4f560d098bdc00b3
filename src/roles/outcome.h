// What comes of a step that a process may end with: as Result, with the exit code. TRY works on
// both.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/exit_code.h"
#include "roles/role_start.h"

namespace glovebox::roles {

// Why nothing more can be done, with the code that the process ends with. The message may carry a
// `hint:` line.
struct Failure {
  ExitCode code = ExitCode::bug;
  std::string message;
};
// Another code than the error's own; `what` comes before its message.
inline Failure failure(ExitCode code, const Error& error, std::string_view what = "") {
  return {code, what.empty() ? error.message() : std::string(what) + ": " + error.message()};
}

template <class T = void>
class [[nodiscard]] Outcome : public std::expected<T, Failure> {
 public:
  using std::expected<T, Failure>::expected;
  // Implicit, as those of Result are: a failure is returned as it is.
  // NOLINTBEGIN(google-explicit-constructor)
  Outcome(Failure failure) : std::expected<T, Failure>(std::unexpect, std::move(failure)) {}
  Outcome(const Error& error)
      : std::expected<T, Failure>(std::unexpect, Failure{exit_code_for(error), error.message()}) {}
  // NOLINTEND(google-explicit-constructor)
};

}  // namespace glovebox::roles
