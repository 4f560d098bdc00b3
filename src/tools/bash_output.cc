#include "tools/bash_output.h"

#include <algorithm>
#include <format>
#include <utility>

#include "codec/utf8.h"

namespace glovebox::tools {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};

// CSI as ECMA-48 has it: ESC [, parameters, intermediates, one final byte. An incomplete one stays.
std::size_t control_sequence_at(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  std::size_t at = 2;
  const auto is_parameter = [](char c) { return (c >= '0' && c <= '9') || c == ';' || c == '?'; };
  while (at < text.size() && is_parameter(text[at])) ++at;
  while (at < text.size() && text[at] >= ' ' && text[at] <= '/') ++at;
  return at < text.size() && text[at] >= '@' && text[at] <= '~' ? at + 1 : 0;
}

std::string without_control_sequences(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  while (!text.empty()) {
    const std::size_t escape = text.find('\x1b');
    plain += text.substr(0, escape);
    if (escape == std::string_view::npos) break;
    text.remove_prefix(escape);
    const std::size_t length = control_sequence_at(text);
    if (length == 0) plain += text.front();
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return plain;
}

constexpr std::size_t kLongestUtf8Rest = 3;

// Bytes at the start that are the end of a character which the cut went through.
std::size_t broken_start(std::string_view text) {
  std::size_t count = 0;
  while (count < text.size() && count < kLongestUtf8Rest &&
         (static_cast<unsigned char>(text[count]) & 0xc0) == 0x80) {
    ++count;
  }
  return count;
}

std::string cut_mark(std::uint64_t total, std::uint64_t cut,
                     const std::optional<OutputFile>& file) {
  std::string mark = std::format("[output truncated: {} bytes, first {} left out", total, cut);
  if (file && file->bytes >= total) {
    mark += std::format("; all of it in {}", file->path);
  } else if (file) {
    mark += std::format("; the first {} bytes of it in {}", file->bytes, file->path);
  }
  return mark + "]";
}

void add_line(std::string& text, std::string_view line) {
  if (line.empty()) return;
  if (!text.empty()) text += '\n';
  text += line;
}

struct Ending {
  ToolResult::IsError is_error;
  std::string line;
};

std::string_view name_of(BashLimit limit) {
  switch (limit) {
    case BashLimit::memory:
      return "memory";
    case BashLimit::cpu:
      return "cpu";
    case BashLimit::disk:
      return "disk";
  }
  return "unknown";
}

Ending error_ending(std::string line) {
  return {ToolResult::IsError::yes, std::move(line)};
}

Ending ending_of(const BashOutcome& outcome) {
  return std::visit(
      Overloaded{
          [](const BashExited& end) {
            return end.status == 0 ? Ending{ToolResult::IsError::no, ""}
                                   : error_ending(std::format("exit {}", end.status));
          },
          [](const BashTimedOut& end) {
            return error_ending(
                std::format("bash: bash command timed out after {}ms", end.limit.count()));
          },
          [](const BashLimited& end) {
            std::string line = std::format("bash: stopped by the {} limit", name_of(end.which));
            if (!end.amount.empty()) line += std::format(" ({})", end.amount);
            return error_ending(std::move(line));
          },
          [](const BashTerminated&) { return error_ending("bash: bash session terminated"); },
          [](const BashRestarted&) { return error_ending(restarted_text("bash")); },
          [](const BashShutdown&) { return error_ending(shutdown_text("bash")); },
          [](const BashNotRecorded&) { return error_ending(not_recorded_text("bash")); },
          [](const BashDenied& end) { return error_ending(denied_text("bash", end.rule)); },
          [](const BashNoSandbox& end) {
            return error_ending(no_sandbox_text("bash", end.step_and_errno));
          },
      },
      outcome);
}

}  // namespace

void BashOutput::append(std::string_view bytes) {
  total_ += bytes.size();
  if (bytes.size() > kBashOutputKept) bytes.remove_prefix(bytes.size() - kBashOutputKept);
  const std::size_t growth = std::min(bytes.size(), kBashOutputKept - ring_.size());
  ring_ += bytes.substr(0, growth);
  bytes.remove_prefix(growth);
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), ring_.size() - next_);
    bytes.copy(ring_.data() + next_, count);
    next_ = (next_ + count) % ring_.size();
    bytes.remove_prefix(count);
  }
}

std::string BashOutput::tail() const {
  return ring_.substr(next_) + ring_.substr(0, next_);
}

ToolResult bash_result(const BashReport& report) {
  const std::string tail = report.output.tail();
  std::string_view kept = tail;
  std::uint64_t cut = report.output.cut();
  std::string text = report.notice;
  if (cut > 0) {
    const std::size_t broken = broken_start(kept);
    kept.remove_prefix(broken);
    cut += broken;
    add_line(text, cut_mark(report.output.total(), cut, report.output_file));
  }
  std::string output = without_control_sequences(codec::replace_invalid_utf8(kept));
  output.resize(output.find_last_not_of('\n') + 1);
  add_line(text, output);
  const Ending ending = ending_of(report.outcome);
  add_line(text, ending.line);
  return normalised(ToolResult{ending.is_error, {TextBlock{std::move(text)}}});
}

std::string denied_text(std::string_view tool, std::string_view rule) {
  return std::format("{}: not permitted by policy ({})", tool, rule);
}

std::string no_sandbox_text(std::string_view tool, std::string_view step_and_errno) {
  return std::format("{}: the sandbox could not be made: {}", tool, step_and_errno);
}

std::string restarted_text(std::string_view tool) {
  return std::format("{}: interrupted by a restart of the worker; it may have run in part", tool);
}

std::string shutdown_text(std::string_view tool) {
  return std::format("{}: stopped because the worker is shutting down", tool);
}

std::string not_recorded_text(std::string_view tool) {
  return std::format("{}: refused, the audit log cannot be written", tool);
}

}  // namespace glovebox::tools
