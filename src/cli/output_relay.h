// What a boxed program prints, on its way to our own stdout or stderr when those cannot be handed
// over as they are: a terminal (controls are made visible) or machine output that ends with a line
// of ours.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace glovebox::cli {

class OutputRelay {
 public:
  enum class Form : std::uint8_t { raw, visible };
  // `target` stays the caller's.
  static Result<OutputRelay> make(int target, Form form);

  int reader() const { return reader_.get(); }  // poll for reading; -1 at the end
  int writer() const { return writer_.get(); }
  // After it was handed over.
  void close_writer() { writer_.reset(); }
  // One read and what follows from it; to be called when reader() is readable.
  void forward();
  // Whatever is held back is written; a last line gets its end if `line_end` wants one.
  enum class LineEnd : std::uint8_t { as_it_is, complete };
  void finish(LineEnd line_end);

 private:
  OutputRelay(int target, Form form, UniqueFd reader, UniqueFd writer);
  void write(std::string_view bytes);

  int target_;
  Form form_;
  UniqueFd reader_, writer_;
  std::string held_;  // an unfinished character
  char last_ = '\n';
};

// How many bytes at the end of `bytes` may be the beginning of a UTF-8 character. Pure.
std::size_t unfinished_tail(std::string_view bytes);

}  // namespace glovebox::cli
