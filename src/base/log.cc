#include "base/log.h"

#include <unistd.h>

#include <cerrno>
#include <format>
#include <utility>

namespace glovebox {

namespace {

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

// Length of the well-formed UTF-8 sequence at the start of `text` and its code point; 0 if bad.
std::pair<std::size_t, char32_t> decode_one(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (length == 0 || lead > 0xF4 || text.size() < length) return {0, 0};
  char32_t point = length == 1 ? lead : lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {0, 0};
    point = (point << 6) | (byte(i) & 0x3Fu);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (point < kLeast[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
    return {0, 0};
  return {length, point};
}

bool steers_display(char32_t point) {
  return (point >= 0x80 && point < 0xA0) || point == 0x061C || point == 0x200B ||
         (point >= 0x200E && point <= 0x200F) || (point >= 0x2028 && point <= 0x202E) ||
         (point >= 0x2060 && point <= 0x2069) || point == 0xFEFF ||
         (point >= 0xE0000 && point <= 0xE007F);
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

std::string escape_for_terminal(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto [length, point] = decode_one(text);
    if (length == 0) {
      out += std::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
      text.remove_prefix(1);
      continue;
    }
    if (point < 0x20 || point == 0x7F) {
      out += std::format("\\x{:02x}", static_cast<unsigned>(point));
    } else if (steers_display(point)) {
      out += std::format("\\u{{{:04x}}}", static_cast<unsigned>(point));
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

std::string format_log_line(LogFormat format, LogLevel level, std::string_view part,
                            std::string_view message, std::initializer_list<LogField> fields) {
  std::string line;
  if (format == LogFormat::text) {
    line = std::format("glovebox: {}: {}: {}", name_of(level), part, escape_for_terminal(message));
    for (const LogField& field : fields)
      line += std::format(" {}={}", field.key, escape_for_terminal(field.value));
    if (line.size() > kMaxLogLine) line.resize(kMaxLogLine);
    return line;
  }
  line = std::format(R"({{"level":"{}","part":{},"message":{})", name_of(level), json_string(part),
                     json_string(escape_for_terminal(message)));
  for (const LogField& field : fields) {
    const std::string member = std::format(",{}:{}", json_string(field.key),
                                           json_string(escape_for_terminal(field.value)));
    if (line.size() + member.size() + 1 > kMaxLogLine) break;
    line += member;
  }
  return line + "}";
}

Log::Log(int fd, std::string part, LogLevel least, LogFormat format)
    : fd_(fd), part_(std::move(part)), least_(least), format_(format) {}

void Log::write(LogLevel level, std::string_view message,
                std::initializer_list<LogField> fields) const {
  if (level < least_) return;
  std::string line = format_log_line(format_, level, part_, message, fields) + "\n";
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t sent = ::write(fd_, rest.data(), rest.size());
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return;  // nobody to tell
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void Log::debug(std::string_view m, std::initializer_list<LogField> f) const {
  write(LogLevel::debug, m, f);
}
void Log::info(std::string_view m, std::initializer_list<LogField> f) const {
  write(LogLevel::info, m, f);
}
void Log::warning(std::string_view m, std::initializer_list<LogField> f) const {
  write(LogLevel::warning, m, f);
}
void Log::error(std::string_view m, std::initializer_list<LogField> f) const {
  write(LogLevel::error, m, f);
}

}  // namespace glovebox
