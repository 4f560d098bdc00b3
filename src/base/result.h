// Result<T>: a T or the Error that kept it from being made.
//
// TRY(expr) yields the value of a Result expression or returns its Error from the enclosing
// function; CO_TRY does the same in a coroutine; TRY_CONTEXT adds what was being attempted.
// No exception crosses a room: code that may throw is wrapped where it is called.
#pragma once

#include <expected>
#include <utility>

#include "base/error.h"

namespace glovebox {

template <class T = void>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
  // Implicit, so that `return Error(...)` is all a refusal needs.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Error error) : std::expected<T, Error>(std::unexpect, std::move(error)) {}
};

}  // namespace glovebox

// Statement expressions are an extension that clang supports; they keep the value an rvalue. The
// counter gives each use a name of its own, so that one TRY may stand inside another.
// A name, the head of a statement and a call cannot stand in parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define GB_JOIN_(a, b) a##b
#define GB_NAME_(prefix, number) GB_JOIN_(prefix, number)
#define GB_TRY_(name, expression, leave, context)     \
  ({                                                  \
    auto name = (expression);                         \
    if (!name) leave std::move(name).error() context; \
    *std::move(name);                                 \
  })
// NOLINTEND(bugprone-macro-parentheses)
#define TRY(expression) GB_TRY_(GB_NAME_(gb_result_, __COUNTER__), expression, return, )
#define TRY_CONTEXT(expression, what) \
  GB_TRY_(GB_NAME_(gb_result_, __COUNTER__), expression, return, .with_context(what))
#define CO_TRY(expression) GB_TRY_(GB_NAME_(gb_result_, __COUNTER__), expression, co_return, )
