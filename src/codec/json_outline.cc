#include "codec/json_outline.h"

#include <algorithm>
#include <cstddef>
#include <format>
#include <utility>

#include "codec/json.h"

namespace glovebox::codec {

namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kEndsScalar = " \t\r\n,:\"[]{}";

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  Error error(std::string_view what) const {
    return Error(ErrorKind::invalid, std::format("byte {}: {}", at_, what));
  }
  bool accept(char c) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  Result<void> finish() {
    skip_space();
    if (at_ != text_.size()) return error("bytes behind the end");
    return {};
  }
  // One value of any kind.
  Result<std::string_view> value() {
    skip_space();
    const std::size_t begin = at_;
    std::string open;  // the brackets that are to come
    do {
      skip_space();
      if (at_ == text_.size()) return error("ends in a value");
      const char c = text_[at_];
      if (c == '"') {
        TRY(skip_string());
      } else if (c == '{' || c == '[') {
        open += c == '{' ? '}' : ']';
        ++at_;
      } else if (c == '}' || c == ']') {
        if (open.empty() || open.back() != c) return error("a bracket that nothing opened");
        open.pop_back();
        ++at_;
      } else if (c == ',' || c == ':') {
        if (open.empty()) return error("no value");
        ++at_;
      } else {
        at_ = std::min(text_.find_first_of(kEndsScalar, at_), text_.size());
      }
    } while (!open.empty());
    return text_.substr(begin, at_ - begin);
  }

 private:
  void skip_space() { at_ = std::min(text_.find_first_not_of(kSpace, at_), text_.size()); }
  Result<void> skip_string() {
    for (++at_;; ++at_) {
      at_ = text_.find_first_of("\"\\", at_);
      if (at_ == std::string_view::npos) break;
      if (text_[at_] == '"') {
        ++at_;
        return {};
      }
      ++at_;  // what an escape escapes
    }
    at_ = text_.size();
    return error("ends in a string");
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::vector<OutlinedMember>> outline_object(std::string_view text) {
  Scanner scan(text);
  if (!scan.accept('{')) return scan.error("no object");
  std::vector<OutlinedMember> members;
  if (!scan.accept('}')) {
    do {
      const auto key = parse_json(TRY(scan.value()));
      if (!key || !key->is_string()) return scan.error("a key that is no string");
      if (!scan.accept(':')) return scan.error("no colon behind a key");
      members.push_back({*key->as_string(), TRY(scan.value())});
    } while (scan.accept(','));
    if (!scan.accept('}')) return scan.error("an object that does not end");
  }
  TRY(scan.finish());
  return members;
}

Result<std::vector<std::string_view>> outline_array(std::string_view text) {
  Scanner scan(text);
  if (!scan.accept('[')) return scan.error("no array");
  std::vector<std::string_view> elements;
  if (!scan.accept(']')) {
    do {
      elements.push_back(TRY(scan.value()));
    } while (scan.accept(','));
    if (!scan.accept(']')) return scan.error("an array that does not end");
  }
  TRY(scan.finish());
  return elements;
}

}  // namespace glovebox::codec
