// How the files that describe commands (parse*.cc) say what a command takes. Implemented in
// parse.cc, the one file that knows the command-line library; its types are names here.
//
// Values are read when the line is parsed; the first problem is told, whatever comes after it.
#pragma once

#include <cstdint>
#include <format>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/options.h"
#include "cli/quantity.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace glovebox::cli {

class Syntax {
 public:
  Syntax() = default;
  ~Syntax() = default;
  Syntax(const Syntax&) = delete;
  Syntax& operator=(const Syntax&) = delete;

  using Read = std::function<Result<void>(const std::string& text)>;

  // A command below another one. `meaning` is a line of --help, as everywhere here.
  static CLI::App& command(CLI::App& above, const char* name, const char* meaning);
  // One of the commands below it must be named.
  static void needs_command(CLI::App& app);
  // What is done when the command was chosen and its line read.
  static void chosen(CLI::App& app, std::function<void()> use);

  // An option (`--name`) or an argument (`name`); `value` stands for it in --help.
  static CLI::Option* option(CLI::App& app, const char* name, std::string& into, const char* value,
                             const char* meaning);
  static CLI::Option* option(CLI::App& app, const char* name, std::optional<std::string>& into,
                             const char* value, const char* meaning);
  static CLI::Option* option(CLI::App& app, const char* name, std::vector<std::string>& into,
                             const char* value, const char* meaning);
  static void required(CLI::Option* option);
  static void needs(CLI::Option* option, const char* other);
  static bool is_given(const CLI::App& app, const char* name);

  static CLI::Option* flag(CLI::App& app, const char* name, const char* meaning,
                           std::function<void()> use);
  static void json(CLI::App& app, OutputForm& form);
  // `read` makes a value of the text, or says what is wrong with it.
  CLI::Option* parsed(CLI::App& app, const char* name, const char* value, const char* meaning,
                      Read read);

  template <class T>
  CLI::Option* time(CLI::App& app, const char* name, T& into, const char* meaning) {
    return parsed(app, name, "TIME", meaning, [&into](const std::string& text) -> Result<void> {
      into = TRY(parse_time_span(text));
      return {};
    });
  }
  template <class T>
  CLI::Option* count(CLI::App& app, const char* name, T& into, std::int64_t most,
                     const char* meaning, std::int64_t least = 1) {
    return parsed(app, name, "N", meaning,
                  [&into, least, most](const std::string& text) -> Result<void> {
                    into = T(static_cast<std::uint32_t>(TRY(parse_count(text, least, most))));
                    return {};
                  });
  }
  template <class T>
  CLI::Option* word(CLI::App& app, const char* name, std::optional<T>& into,
                    std::initializer_list<std::pair<const char*, T>> words, const char* meaning) {
    std::string value;
    for (const auto& [text, _] : words) value += (value.empty() ? "" : "|") + std::string(text);
    const std::vector<std::pair<std::string, T>> known(words.begin(), words.end());
    return parsed(app, name, value.c_str(), meaning,
                  [&into, known, value](const std::string& text) -> Result<void> {
                    for (const auto& [spelled, meant] : known)
                      if (spelled == text) {
                        into = meant;
                        return {};
                      }
                    return Error(ErrorKind::invalid, value);
                  });
  }

  // The first problem is the one that is told.
  void refuse(std::string problem) {
    if (bad_.empty()) bad_ = std::move(problem);
  }
  const std::string& problem() const { return bad_; }

 private:
  std::string bad_;
};

}  // namespace glovebox::cli
