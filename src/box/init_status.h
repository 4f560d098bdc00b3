// What the first process of a box tells the keeper, as bytes in two pipes.
//
// Status pipe: one line for each event. Answer pipe of a file tool: whether it is an error, then
// the content. Both are untrusted: a tool function that a hostile file took over can write here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/units.h"
#include "os/process.h"

namespace glovebox::box {

// Longer status text is cut off by the writer and refused by the reader.
constexpr std::size_t kMaxStatusText = 8 * kKiB;

struct InitStatus {
  bool started = false;               // every wall stands, the tool runs
  std::optional<std::string> failed;  // set-up failed: `step: ERRNO`
  struct Ended {
    bool signalled = false;
    int code = 0;
    bool operator==(const Ended&) const = default;
  };
  std::optional<Ended> ended;  // the tool, and all that it started
  os::OwnUse use;              // of all of them together, once it has ended

  bool operator==(const InitStatus& other) const = default;
};

std::string started_line();
std::string failed_line(std::string_view text);
std::string ended_line(InitStatus::Ended ended, os::OwnUse use);

// From all that came so far; a last line without its end is left out, an unknown line is ignored.
// The first failure and the first end count.
InitStatus read_status(std::string_view bytes);

struct FunctionAnswer {
  bool is_error = false;
  std::string content;  // JSON array
};
std::string encode_answer(bool is_error, std::string_view content);
// Errors: protocol, when it is not an answer or its content is not a JSON array.
Result<FunctionAnswer> decode_answer(std::string_view bytes);

}  // namespace glovebox::box
