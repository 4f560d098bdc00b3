#include "cli/message.h"

#include <format>

#include "base/log.h"
#include "os/file.h"

namespace glovebox::cli {

namespace {
constexpr int kStandardOutput = 1, kStandardError = 2;
}  // namespace

std::string visible_lines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = text.find_first_of("\n\t");
    out += escape_for_terminal(text.substr(0, end));
    if (end == std::string_view::npos) break;
    out += text[end];
    text.remove_prefix(end + 1);
  }
  return out;
}

void print_error(std::string_view message) {
  // Nobody is left to tell when stderr cannot be written.
  (void)os::write_all(kStandardError, std::format("glovebox: error: {}\n", visible_lines(message)));
}

void print_note(std::string_view message) {
  (void)os::write_all(kStandardError, std::format("glovebox: {}\n", visible_lines(message)));
}

ExitCode fail(ExitCode code, std::string_view message) {
  print_error(message);
  return code;
}

void print_out(std::string_view bytes) {
  // A reader that went away (`| head`) is no error of ours.
  (void)os::write_all(kStandardOutput, bytes);
}

}  // namespace glovebox::cli
