#include "codec/jcs_scan.h"

#include <charconv>
#include <cstddef>

#include "codec/jcs.h"
#include "codec/json.h"
#include "codec/utf8.h"

namespace glovebox::codec {

namespace {

constexpr std::size_t kMaxDigits = 16;  // of 2^53 - 1

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool whole(std::vector<ScannedMember>& members) { return object(1, &members) && rest_.empty(); }

 private:
  bool take(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }

  bool value(std::size_t depth) {
    if (rest_.empty()) return false;
    switch (rest_.front()) {
      case '"':
        return string();
      case '{':
        return object(depth + 1, nullptr);
      case '[':
        return array(depth + 1);
      case 't':
        return take("true");
      case 'f':
        return take("false");
      case 'n':
        return take("null");
      default:
        return integer();
    }
  }

  bool integer() {
    std::size_t end = rest_.starts_with('-') ? 1 : 0;
    const std::size_t begin = end;
    while (end < rest_.size() && is_digit(rest_[end])) ++end;
    const std::size_t digits = end - begin;
    if (digits == 0 || digits > kMaxDigits) return false;
    // Neither `-0` nor a zero in front.
    if (rest_[begin] == '0' && end != 1) return false;
    std::int64_t number = 0;
    std::from_chars(rest_.data(), rest_.data() + end, number);
    if (number > kMaxJcsInteger || number < -kMaxJcsInteger) return false;
    rest_.remove_prefix(end);
    return true;
  }

  // Behind a backslash: what append_json_quoted writes, for what it writes it.
  std::size_t escape_length(std::string_view text) const {
    if (text.empty()) return 0;
    if (std::string_view("\"\\bfnrt").contains(text.front())) return 1;
    if (!text.starts_with("u00") || text.size() < 5) return 0;
    const char high = text[3];
    const char low = text[4];
    if (high != '0' && high != '1') return 0;
    if (!is_digit(low) && (low < 'a' || low > 'f')) return 0;
    // Those with a short form: \b \t \n \f \r.
    if (high == '0' && std::string_view("89acd").contains(low)) return 0;
    return 5;
  }

  bool string() {
    std::size_t at = 1;
    while (at < rest_.size()) {
      const auto byte = static_cast<unsigned char>(rest_[at]);
      if (byte == '"') {
        rest_.remove_prefix(at + 1);
        return true;
      }
      if (byte < 0x20) return false;
      if (byte == '\\') {
        const std::size_t length = escape_length(rest_.substr(at + 1));
        if (length == 0) return false;
        at += 1 + length;
      } else if (byte < 0x80) {
        ++at;
      } else {
        const Utf8Step step = decode_utf8(rest_.substr(at));
        if (!step.point) return false;
        at += step.length;
      }
    }
    return false;
  }

  bool array(std::size_t depth) {
    if (depth > kMaxJsonDepth || !take("[")) return false;
    if (take("]")) return true;
    do {
      if (!value(depth)) return false;
    } while (take(","));
    return take("]");
  }

  bool object(std::size_t depth, std::vector<ScannedMember>* members) {
    if (members != nullptr) members->clear();
    if (depth > kMaxJsonDepth || !take("{")) return false;
    if (take("}")) return true;
    std::optional<std::string_view> last;
    do {
      const std::string_view at_key = rest_;
      if (!rest_.starts_with('"') || !string()) return false;
      const std::string_view key = at_key.substr(1, at_key.size() - rest_.size() - 2);
      if (key.contains('\\')) return false;
      if (last && !jcs_before(*last, key)) return false;
      last = key;
      if (!take(":")) return false;
      const std::string_view at_value = rest_;
      if (!value(depth)) return false;
      if (members != nullptr)
        members->push_back({key, at_value.substr(0, at_value.size() - rest_.size())});
    } while (take(","));
    return take("}");
  }

  std::string_view rest_;
};

}  // namespace

bool scan_jcs_object(std::string_view text, std::vector<ScannedMember>& members) {
  return Scanner(text).whole(members);
}

std::optional<std::string_view> plain_string(std::string_view value) {
  if (!value.starts_with('"') || value.contains('\\')) return std::nullopt;
  return value.substr(1, value.size() - 2);
}

std::optional<std::int64_t> plain_integer(std::string_view value) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc{} || end != value.data() + value.size()) return std::nullopt;
  return number;
}

}  // namespace glovebox::codec
