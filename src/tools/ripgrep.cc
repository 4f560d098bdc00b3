#include "tools/ripgrep.h"

#include <algorithm>
#include <format>
#include <utility>

#include "tools/confined.h"
#include "tools/grep_text.h"
#include "tools/input.h"

namespace glovebox::tools {
namespace {

constexpr std::size_t kMaxErrorBytes = 4'096;

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \n\r\t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \n\r\t") + 1 - first);
}

std::string failure(const RgOutcome& outcome) {
  const std::string_view error = trimmed(outcome.err).substr(0, kMaxErrorBytes);
  if (error.empty()) return std::format("grep: rg failed: exit {}", outcome.status);
  return std::format("grep: rg failed: {}", error);
}

// ripgrep writes one line for each file or folder that it could not read.
std::uint64_t complaints(std::string_view err) {
  std::uint64_t count = 0;
  while (!err.empty()) {
    const std::size_t end = std::min(err.find('\n'), err.size());
    if (end > 0) ++count;
    err.remove_prefix(std::min(end + 1, err.size()));
  }
  return count;
}

}  // namespace

std::expected<std::vector<std::string>, ToolResult> rg_argv(const codec::Json& json,
                                                            const Roots& roots) {
  auto input = grep_input(json);
  if (!input) return std::unexpected(std::move(input).error());
  auto place = locate(roots, input->path.empty() ? "." : input->path);
  if (!place) return std::unexpected(error_result(std::move(place).error().text));
  return std::vector<std::string>{"rg",
                                  "--no-config",
                                  "-n",
                                  "--no-heading",
                                  "--with-filename",
                                  "-e",
                                  std::move(input->pattern),
                                  "--",
                                  std::move(place->path)};
}

ToolResult shape_rg_output(const RgOutcome& outcome, const ToolLimits& limits) {
  if (outcome.end == SearchEnd::aborted) return error_result("grep: aborted");
  GrepText text(limits);
  std::string_view hits = outcome.out;
  // Stopped in the middle of a line: what there is of it says nothing.
  if (outcome.end != SearchEnd::exited) hits = hits.substr(0, hits.rfind('\n') + 1);
  text.add(hits.empty() || hits.ends_with('\n') ? std::string(hits) : std::string(hits) + '\n');
  if (outcome.end == SearchEnd::output_limit) text.set_cut();
  if (outcome.end == SearchEnd::timed_out) text.set_timed_out();
  const bool has_failed =
      outcome.end == SearchEnd::exited && outcome.status != 0 && outcome.status != 1;
  if (has_failed && !text.has_hits()) return error_result(failure(outcome));
  if (has_failed) text.add_unreadable(complaints(outcome.err));
  return text.result();
}

}  // namespace glovebox::tools
