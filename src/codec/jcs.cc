#include "codec/jcs.h"

#include <algorithm>
#include <format>

#include "codec/utf8.h"

namespace glovebox::codec {

namespace {

// Order of UTF-16 code units, read off UTF-8: it is byte order, but for code points above U+FFFF
// (lead bytes F0–F4), whose surrogates sort before U+E000–U+FFFF (lead bytes EE, EF). Where two
// valid texts first differ, both bytes are leads or both are continuations of the same lead.
unsigned utf16_rank(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0xEE || byte == 0xEF ? byte + 0x10u : byte;
}

bool before(const JsonObject::Member* a, const JsonObject::Member* b) {
  return jcs_before(a->key, b->key);
}

class Canonical {
 public:
  Result<std::string> write(const Json& root) && {
    TRY(value(root));
    return std::move(out_);
  }

 private:
  Result<void> value(const Json& json) {
    if (const JsonArray* list = json.as_array()) return array(*list);
    if (const JsonObject* members = json.as_object()) return object(*members);
    if (const std::string* text = json.as_string()) return string(*text);
    if (json.is_double()) return refuse("a number that is not an integer");
    if (const auto integer = json.as_int();
        integer && (*integer > kMaxJcsInteger || *integer < -kMaxJcsInteger))
      return refuse("an integer beyond 2^53 - 1");
    out_ += to_json(json);
    return {};
  }

  Result<void> string(std::string_view text) {
    if (!is_valid_utf8(text)) return refuse("a string that is not UTF-8");
    append_json_quoted(out_, text);
    return {};
  }

  Result<void> array(const JsonArray& list) {
    out_ += '[';
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (i > 0) out_ += ',';
      TRY(below(std::to_string(i), list[i]));
    }
    out_ += ']';
    return {};
  }

  Result<void> object(const JsonObject& members) {
    std::vector<const JsonObject::Member*> sorted;
    sorted.reserve(members.size());
    for (const JsonObject::Member& member : members) sorted.push_back(&member);
    std::ranges::sort(sorted, before);
    out_ += '{';
    for (const JsonObject::Member* member : sorted) {
      if (member != sorted.front()) out_ += ',';
      TRY(string(member->key));
      out_ += ':';
      TRY(below(member->key, member->value));
    }
    out_ += '}';
    return {};
  }

  Result<void> below(std::string_view step, const Json& json) {
    const std::size_t length = path_.size();
    path_ += '/';
    path_ += step;
    TRY(value(json));
    path_.resize(length);
    return {};
  }

  Error refuse(std::string_view what) const {
    return Error(ErrorKind::invalid,
                 std::format("{}: {} has no canonical form", path_.empty() ? "/" : path_, what));
  }

  std::string out_;
  std::string path_;
};

}  // namespace

bool jcs_before(std::string_view a, std::string_view b) {
  return std::ranges::lexicographical_compare(a, b, {}, utf16_rank, utf16_rank);
}

Result<std::string> to_jcs(const Json& value) {
  return Canonical().write(value);
}

}  // namespace glovebox::codec
