#include "cli/message.h"

#include <cstdint>
#include <format>
#include <string>

#include "base/log.h"
#include "codec/utf8.h"
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

std::string ascii_json(std::string_view json) {
  constexpr char32_t kDelete = 0x7f, kSurrogates = 0x10000, kHigh = 0xd800, kLow = 0xdc00;
  std::string out;
  const auto escape = [&](char32_t unit) {
    out += std::format("\\u{:04x}", static_cast<std::uint32_t>(unit));
  };
  while (!json.empty()) {
    const codec::Utf8Step step = codec::decode_utf8(json);
    const char32_t point = step.point.value_or(codec::kReplacementCharacter);
    if (point < kDelete) {
      out += json.substr(0, step.length);
    } else if (point < kSurrogates) {
      escape(point);
    } else {
      escape(kHigh + (point - kSurrogates) / 0x400);
      escape(kLow + point % 0x400);
    }
    json.remove_prefix(step.length);
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

void print_errors(std::string_view lines) {
  (void)os::write_all(kStandardError, visible_lines(lines));
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
