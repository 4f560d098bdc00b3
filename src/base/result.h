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
  Result(Error error) : std::expected<T, Error>(std::unexpect, std::move(error)) {}
};

}  // namespace glovebox

// Statement expressions are an extension that clang supports; they keep the value an rvalue.
#define TRY(expression)                                    \
  ({                                                       \
    auto gb_result_ = (expression);                        \
    if (!gb_result_) return std::move(gb_result_).error(); \
    *std::move(gb_result_);                                \
  })

#define TRY_CONTEXT(expression, what)                                         \
  ({                                                                          \
    auto gb_result_ = (expression);                                           \
    if (!gb_result_) return std::move(gb_result_).error().with_context(what); \
    *std::move(gb_result_);                                                   \
  })

#define CO_TRY(expression)                                    \
  ({                                                          \
    auto gb_result_ = (expression);                           \
    if (!gb_result_) co_return std::move(gb_result_).error(); \
    *std::move(gb_result_);                                   \
  })
