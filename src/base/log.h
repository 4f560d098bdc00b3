// One line per event on stderr, for operators. Not the audit log.
//
// Text: `glovebox: warning: worker: lease lost work=work_1`. JSON: one object per line with the
// same parts. Values are escaped: control bytes, DEL, C1 and bidirectional controls become
// `\xNN`/`\u{NNNN}`, so no value can forge a line or reach a terminal's state. Lines longer than
// kMaxLogLine bytes are cut. Secrets cannot be passed: there is no overload for them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace glovebox {

enum class LogLevel { debug, info, warning, error };
enum class LogFormat { text, json };

constexpr std::size_t kMaxLogLine = 8192;

struct LogField {
  LogField(std::string_view key, std::string_view value) : key(key), value(value) {}
  LogField(std::string_view key, const char* value) : key(key), value(value) {}
  LogField(std::string_view key, std::int64_t value) : key(key), value(std::to_string(value)) {}
  std::string_view key;
  std::string value;
};

class Log {
 public:
  // Writes to `fd`, which the caller keeps open. `part` names the role or command.
  Log(int fd, std::string part, LogLevel least = LogLevel::info,
      LogFormat format = LogFormat::text);

  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void warning(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) const;

 private:
  void write(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields) const;

  int fd_;
  std::string part_;
  LogLevel least_;
  LogFormat format_;
};

// The line without its final newline: what Log writes, for tests.
std::string format_log_line(LogFormat format, LogLevel level, std::string_view part,
                            std::string_view message, std::initializer_list<LogField> fields);

// `text` with everything that could steer a terminal or break a line made visible.
std::string escape_for_terminal(std::string_view text);

}  // namespace glovebox
