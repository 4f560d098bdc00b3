#include "tools/bash_output.h"

#include <string>

#include "support.h"

using namespace glovebox;
using namespace glovebox::tools;
using namespace glovebox::tools::test;

namespace {

std::string answer(std::string_view output, BashOutcome outcome = BashExited{0},
                   std::optional<OutputFile> file = {}, std::string notice = {}) {
  BashOutput collected;
  collected.append(output);
  const ToolResult result =
      bash_result({collected, std::move(outcome), std::move(file), std::move(notice)});
  return (is_error(result) ? "!" : "") + text_of(result);
}

}  // namespace

TEST_CASE("the texts of each end of a call") {
  const struct {
    const char* name;
    BashOutcome outcome;
    const char* silent;
    const char* printed;
  } rows[] = {
      {"status 3", BashExited{3}, "!exit 3", "!out\nexit 3"},
      {"timeout", BashTimedOut{milliseconds(1500)}, "!bash: bash command timed out after 1500ms",
       "!out\nbash: bash command timed out after 1500ms"},
      {"memory", BashLimited{BashLimit::memory, "2 GiB"},
       "!bash: stopped by the memory limit (2 GiB)",
       "!out\nbash: stopped by the memory limit (2 GiB)"},
      {"cpu", BashLimited{BashLimit::cpu, "8m"}, "!bash: stopped by the cpu limit (8m)",
       "!out\nbash: stopped by the cpu limit (8m)"},
      {"disk", BashLimited{BashLimit::disk, ""}, "!bash: stopped by the disk limit",
       "!out\nbash: stopped by the disk limit"},
      {"killed", BashTerminated{}, "!bash: bash session terminated",
       "!out\nbash: bash session terminated"},
      {"restarted", BashRestarted{},
       "!bash: interrupted by a restart of the worker; it may have run in part",
       "!out\nbash: interrupted by a restart of the worker; it may have run in part"},
      {"shutdown", BashShutdown{}, "!bash: stopped because the worker is shutting down",
       "!out\nbash: stopped because the worker is shutting down"},
      {"not recorded", BashNotRecorded{}, "!bash: refused, the audit log cannot be written",
       "!out\nbash: refused, the audit log cannot be written"},
      {"denied", BashDenied{"p.toml:7"}, "!bash: not permitted by policy (p.toml:7)",
       "!out\nbash: not permitted by policy (p.toml:7)"},
      {"no box", BashNoSandbox{"mount /usr: EPERM"},
       "!bash: the sandbox could not be made: mount /usr: EPERM",
       "!out\nbash: the sandbox could not be made: mount /usr: EPERM"},
      {"status 0", BashExited{0}, "(no output)", "out"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(answer("", row.outcome) == row.silent);
    CHECK(answer("out\n\n", row.outcome) == row.printed);
  }
}

TEST_CASE("what becomes of the bytes of an output") {
  const struct {
    const char* name;
    std::string output;
    const char* text;
  } rows[] = {
      {"trailing newlines go", "a\n\n\n", "a"},
      {"leading ones stay", "\n\na\n", "\n\na"},
      {"only newlines", "\n\n", "(no output)"},
      {"colours go", "\x1b[1;31mred\x1b[0m \x1b[Kx", "red x"},
      {"private parameters go", "\x1b[?25lx", "x"},
      {"intermediates go", "\x1b[1 qx", "x"},
      {"other escapes stay", "\x1b]0;t\x07y", "\x1b]0;t\x07y"},
      {"an unfinished one stays", "a\x1b[12", "a\x1b[12"},
      {"carriage returns stay", "a\r\nb", "a\r\nb"},
      {"bytes that are no UTF-8",
       "a\xff"
       "b",
       "a\xef\xbf\xbd"
       "b"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(answer(row.output) == row.text);
  }
}

TEST_CASE("a long output keeps its last 100 KiB and says what is missing") {
  const std::string output = "start\n" + std::string(kBashOutputKept - 4, 'x') + "end\n";
  CHECK(answer(output).starts_with("[output truncated: 102406 bytes, first 6 left out]\nxxx"));
  CHECK(answer(output).ends_with("xend"));
  CHECK(answer(output, BashExited{0}, OutputFile{"/outputs/3.txt", output.size()})
            .starts_with("[output truncated: 102406 bytes, first 6 left out; all of it in "
                         "/outputs/3.txt]\nxxx"));
  CHECK(answer(output, BashExited{0}, OutputFile{"/outputs/3.txt", 7})
            .starts_with("[output truncated: 102406 bytes, first 6 left out; the first 7 bytes of "
                         "it in /outputs/3.txt]\nxxx"));
  CHECK(answer(output, BashExited{2}).ends_with("xend\nexit 2"));
  CHECK(answer(std::string(kBashOutputKept, 'y')) == std::string(kBashOutputKept, 'y'));
}

TEST_CASE("a cut through a character takes all of it") {
  const std::string output = "\xe2\x82\xac" + std::string(kBashOutputKept - 2, 'x');
  CHECK(answer(output).starts_with("[output truncated: 102401 bytes, first 3 left out]\nxxx"));
}

TEST_CASE("a notice comes first") {
  CHECK(answer("a\n", BashExited{1}, {}, "[notice]") == "![notice]\na\nexit 1");
}

TEST_CASE("an output is the same however it arrives") {
  std::string output;
  for (int i = 0; output.size() < 3 * kBashOutputKept; ++i) output += std::to_string(i) + " ";
  for (const std::size_t step : {1UL, 7UL, 4096UL, 102'399UL, 102'400UL, 102'401UL, 1UL << 20}) {
    BashOutput collected;
    for (std::size_t at = 0; at < output.size(); at += step) {
      collected.append(std::string_view(output).substr(at, step));
    }
    CAPTURE(step);
    CHECK(collected.total() == output.size());
    CHECK(collected.tail() == output.substr(output.size() - kBashOutputKept));
  }
}
