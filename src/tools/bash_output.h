// The bash tool's output: collecting it while it streams, and turning it into the answer.
//
// The last kBashOutputKept bytes are kept, the rest is only counted; what is above the policy's
// limit on the whole output is read, counted and thrown away by the caller. Nothing here waits or
// reads. Escape sequences are removed from the answer only, never from the kept output file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/units.h"
#include "tools/result.h"

namespace glovebox::tools {

constexpr std::size_t kBashOutputKept = 102'400;

class BashOutput {
 public:
  void append(std::string_view bytes);

  std::uint64_t total() const { return total_; }
  bool is_cut() const { return total_ > kBashOutputKept; }
  std::uint64_t cut() const { return is_cut() ? total_ - kBashOutputKept : 0; }
  // The last bytes, in order.
  std::string tail() const;

 private:
  std::string ring_;      // grows to kBashOutputKept, then wraps
  std::size_t next_ = 0;  // where the next byte goes once it is full
  std::uint64_t total_ = 0;
};

// How the call ended.
struct BashExited {
  int status = 0;  // of the shell, 0 … 255
};
struct BashTimedOut {
  milliseconds limit{};
};
enum class BashLimit : std::uint8_t { memory, cpu, disk };
struct BashLimited {
  BashLimit which = BashLimit::memory;
  std::string amount;  // as the policy wrote it, `2 GiB`, `8m`; may be empty
};
struct BashTerminated {};   // the shell itself was killed by a signal that was not ours
struct BashRestarted {};    // the worker was restarted meanwhile
struct BashShutdown {};     // the worker is going
struct BashNotRecorded {};  // the audit log refuses
struct BashDenied {
  std::string rule;  // `<file>:<line>`
};
struct BashNoSandbox {
  std::string step_and_errno;  // `<step>: <errno>`
};

using BashOutcome =
    std::variant<BashExited, BashTimedOut, BashLimited, BashTerminated, BashRestarted, BashShutdown,
                 BashNotRecorded, BashDenied, BashNoSandbox>;

// The file that holds the output, `/outputs/3.txt` as the box sees it. It has fewer bytes than the
// output when the policy's limit cut it.
struct OutputFile {
  std::string path;
  std::uint64_t bytes = 0;
};

struct BashReport {
  const BashOutput& output;
  BashOutcome outcome;
  std::optional<OutputFile> output_file;  // named only if the answer is cut
  // A first line of ours, for instance that the carried folder is gone; empty for none.
  std::string notice;
};

ToolResult bash_result(const BashReport& report);

// Texts of the same kind for any tool.
std::string denied_text(std::string_view tool, std::string_view rule);
std::string no_sandbox_text(std::string_view tool, std::string_view step_and_errno);
std::string restarted_text(std::string_view tool);
std::string shutdown_text(std::string_view tool);
std::string not_recorded_text(std::string_view tool);

}  // namespace glovebox::tools
