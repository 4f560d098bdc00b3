#include "policy/document.h"

#include <algorithm>
#include <cstdlib>
#include <format>
#include <tuple>

#include "policy/scan.h"

// The library's assertions would end the process on input that its parser then reports as an
// ordinary error.
#define TOML_ASSERT(condition) static_cast<void>(0)
#include <toml++/toml.h>

namespace glovebox::policy {

namespace {

std::string to_text(const toml::date& date) {
  return std::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

std::string to_text(const toml::time& time) {
  std::string text = std::format("{:02}:{:02}:{:02}", time.hour, time.minute, time.second);
  if (time.nanosecond != 0) text += std::format(".{:09}", time.nanosecond);
  return text;
}

std::string to_text(const toml::date_time& moment) {
  std::string text = std::format("{}T{}", to_text(moment.date), to_text(moment.time));
  if (!moment.offset) return text;
  const int minutes = moment.offset->minutes;
  if (minutes == 0) return text + "Z";
  return text + std::format("{}{:02}:{:02}", minutes < 0 ? '-' : '+', std::abs(minutes) / 60,
                            std::abs(minutes) % 60);
}

// The library tells whether a character of the basic plane is a blank by a table in which some
// characters, all accented letters among them, lead to undefined behaviour (3.3.0). So it is given
// each of them as the private character 0xF0000 further on, which it only passes through, and
// which scan() lets nobody write; columns stay what they were.
constexpr unsigned char kLastAscii = 0x7F;

std::string lifted(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
    if (byte(0) <= kLastAscii || byte(0) >= 0xF0) {
      const std::size_t kept = byte(0) <= kLastAscii ? 1 : 4;
      result += text.substr(at, kept);
      at += kept;
      continue;
    }
    const std::size_t length = byte(0) < 0xE0 ? 2 : 3;
    const unsigned point =
        length == 2 ? (byte(0) & 0x1Fu) << 6 | (byte(1) & 0x3Fu)
                    : (byte(0) & 0x0Fu) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu);
    result += '\xF3';
    result += static_cast<char>(0xB0 | point >> 12);
    result += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    result += static_cast<char>(0x80 | (point & 0x3F));
    at += length;
  }
  return result;
}

std::string restored(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
    if (byte(0) != 0xF3 || text.size() - at < 4 || byte(1) < 0xB0) {
      result += text[at++];
      continue;
    }
    const unsigned point = (byte(1) & 0x0Fu) << 12 | (byte(2) & 0x3Fu) << 6 | (byte(3) & 0x3Fu);
    if (point < 0x800) {
      result += static_cast<char>(0xC0 | point >> 6);
    } else {
      result += static_cast<char>(0xE0 | point >> 12);
      result += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    }
    result += static_cast<char>(0x80 | (point & 0x3F));
    at += 4;
  }
  return result;
}

// From the library's tree to ours. Its depth was bounded by scan().
class Copy {
 public:
  explicit Copy(const std::string& file) : file_(file) {}

  Value value(const toml::node& node) const {
    Value result{at(node.source()), width_of(node.source()), false};
    if (const auto* table = node.as_table()) {
      result.data = entries(*table);
    } else if (const auto* array = node.as_array()) {
      Array values;
      for (const toml::node& element : *array) values.push_back(value(element));
      result.data = std::move(values);
    } else if (const auto* text = node.as_string()) {
      result.data = restored(text->get());
    } else if (const auto* integer = node.as_integer()) {
      result.data = integer->get();
    } else if (const auto* real = node.as_floating_point()) {
      result.data = real->get();
    } else if (const auto* flag = node.as_boolean()) {
      result.data = flag->get();
    } else {
      if (const auto* date = node.as_date()) result.data = DateText{to_text(date->get())};
      if (const auto* time = node.as_time()) result.data = DateText{to_text(time->get())};
      if (const auto* both = node.as_date_time()) result.data = DateText{to_text(both->get())};
    }
    return result;
  }

 private:
  Origin at(const toml::source_region& region) const {
    return {file_, region.begin.line, region.begin.column, width_of(region)};
  }

  static std::uint32_t width_of(const toml::source_region& region) {
    if (region.end.line != region.begin.line || region.end.column <= region.begin.column) return 1;
    return region.end.column - region.begin.column;
  }

  Table entries(const toml::table& table) const {
    Table result;
    for (const auto& [key, node] : table) {
      result.entries.push_back(
          {{restored(key.str()), at(key.source()), width_of(key.source())}, value(node)});
    }
    std::ranges::sort(result.entries, {}, [](const Entry& entry) {
      return std::tuple(entry.key.origin.line, entry.key.origin.column);
    });
    return result;
  }

  const std::string& file_;
};

}  // namespace

std::expected<Value, Diagnostic> parse_document(const std::string& file, std::string_view text) {
  if (auto problem = scan(file, text)) return std::unexpected(std::move(*problem));
  const toml::parse_result parsed = toml::parse(lifted(text), file);
  if (!parsed) {
    const toml::source_region& region = parsed.error().source();
    return std::unexpected(Diagnostic{Code::syntax,
                                      {file, region.begin.line, region.begin.column},
                                      1,
                                      restored(parsed.error().description()),
                                      ""});
  }
  return Copy(file).value(parsed.table());
}

}  // namespace glovebox::policy
