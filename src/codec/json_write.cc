#include <charconv>
#include <cmath>
#include <format>

#include "codec/json.h"
#include "codec/utf8.h"

namespace glovebox::codec {

namespace {

std::string number_text(double value) {
  if (!std::isfinite(value)) return "null";
  char buffer[32];  // the shortest form that reads back as the same double has at most 24 bytes
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  std::string text(buffer, end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

// Bytes that stay as they are in a JSON string.
bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\b':
      out += "\\b";
      break;
    case '\t':
      out += "\\t";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\f':
      out += "\\f";
      break;
    case '\r':
      out += "\\r";
      break;
    default:
      out += std::format("\\u{:04x}", static_cast<unsigned>(c));
      break;
  }
}

// Writes values; `indent_` is empty for the compact form.
class Writer {
 public:
  Writer(std::string& out, std::string_view indent) : out_(out), indent_(indent) {}

  void write(const Json& value) {
    if (const JsonArray* array = value.as_array()) return write_list('[', *array, ']');
    if (const JsonObject* object = value.as_object()) return write_list('{', *object, '}');
    if (const std::string* text = value.as_string()) return append_json_quoted(out_, *text);
    if (const auto truth = value.as_bool()) {
      out_ += *truth ? "true" : "false";
    } else if (const auto integer = value.as_int()) {
      out_ += std::to_string(*integer);
    } else if (const auto number = value.as_double()) {
      out_ += number_text(*number);
    } else {
      out_ += "null";
    }
  }

 private:
  void write(const JsonObject::Member& member) {
    append_json_quoted(out_, member.key);
    out_ += indent_.empty() ? ":" : ": ";
    write(member.value);
  }

  template <class List>
  void write_list(char open, const List& list, char close) {
    out_ += open;
    ++depth_;
    bool first = true;
    for (const auto& item : list) {
      if (!first) out_ += ',';
      first = false;
      new_line();
      write(item);
    }
    --depth_;
    if (!first) new_line();
    out_ += close;
  }

  void new_line() {
    if (indent_.empty()) return;
    out_ += '\n';
    for (std::size_t i = 0; i < depth_; ++i) out_ += indent_;
  }

  std::string& out_;
  std::string_view indent_;
  std::size_t depth_ = 0;
};

}  // namespace

void append_json_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && is_plain(text[plain])) ++plain;
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    if (static_cast<unsigned char>(text[0]) < 0x80) {
      append_escaped(out, text[0]);
      text.remove_prefix(1);
      continue;
    }
    const Utf8Step step = decode_utf8(text);
    append_utf8(out, step.point.value_or(kReplacementCharacter));
    text.remove_prefix(step.length);
  }
  out += '"';
}

std::string json_quote(std::string_view text) {
  std::string out;
  append_json_quoted(out, text);
  return out;
}

std::string to_json(const Json& value) {
  std::string out;
  Writer(out, "").write(value);
  return out;
}

std::string to_json_pretty(const Json& value) {
  std::string out;
  Writer(out, "  ").write(value);
  return out;
}

}  // namespace glovebox::codec
