// JSON values, a strict parser and two writers (RFC 8259).
//
// The parser is for bytes from peers and models: what two readers could understand differently is
// refused, never repaired. Refused are duplicate keys, nesting deeper than kMaxJsonDepth, invalid
// UTF-8, lone surrogates, integers that do not fit int64 (never silently a double), numbers that
// do not fit a double, a byte order mark, trailing bytes, and documents over the limits. Errors
// say `line:column`, both counted from 1, columns in bytes. A document below the limits takes at
// most about 100 bytes of memory per value plus its strings.
//
// Accessors never throw and never convert: as_int() of 1.0 is nullopt.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace glovebox::codec {

constexpr std::size_t kMaxJsonDepth = 64;  // open arrays and objects at one time

struct JsonLimits {
  std::size_t max_bytes = 32u << 20;   // of text
  std::size_t max_values = 1'000'000;  // scalars, arrays and objects, keys not counted
};

class Json;
using JsonArray = std::vector<Json>;

// Members in the order in which they were added; no key occurs twice.
class JsonObject {
 public:
  struct Member;

  JsonObject();
  // In the given order. Error: invalid, naming a key that occurs twice.
  static Result<JsonObject> from_members(std::vector<Member> members);
  JsonObject(const JsonObject&);
  JsonObject(JsonObject&&) noexcept;
  JsonObject& operator=(const JsonObject&);
  JsonObject& operator=(JsonObject&&) noexcept;
  ~JsonObject();

  std::size_t size() const;
  bool empty() const { return size() == 0; }
  // The value of `key`, or nullptr. Valid until the next set or erase.
  const Json* find(std::string_view key) const;
  Json* find(std::string_view key);
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  // Replaces the value in its place, or adds the member at the end. Costs grow with the size:
  // objects of many thousand members are made with from_members.
  Json& set(std::string key, Json value);
  // True if there was such a member.
  bool erase(std::string_view key);

  const Member* begin() const;
  const Member* end() const;

  // Equal members in any order.
  bool operator==(const JsonObject& other) const;

 private:
  std::optional<std::size_t> position(std::string_view key) const;
  void rebuild_index();

  std::vector<Member> members_;
  std::vector<std::uint32_t> by_key_;  // positions sorted by key; kept for large objects only
};

class Json {
 public:
  Json() = default;  // null
  // What a document is made of becomes one without a word.
  // NOLINTBEGIN(google-explicit-constructor)
  Json(std::nullptr_t) {}
  template <std::same_as<bool> B>
  Json(B value) : value_(value) {}
  // Every integer type whose values all fit; a std::size_t is cast by its owner.
  template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char> &&
             (sizeof(T) < sizeof(std::int64_t) || std::signed_integral<T>))
  Json(T value) : value_(static_cast<std::int64_t>(value)) {}
  Json(double value) : value_(value) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(JsonArray value) : value_(std::move(value)) {}
  Json(JsonObject value) : value_(std::move(value)) {}
  // NOLINTEND(google-explicit-constructor)

  // Json::object({{"type", "text"}, {"n", 1}}); a later equal key replaces the earlier value.
  static Json object(std::initializer_list<std::pair<std::string_view, Json>> members = {});
  static Json array(std::initializer_list<Json> values = {});

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_int() const { return std::holds_alternative<std::int64_t>(value_); }
  bool is_double() const { return std::holds_alternative<double>(value_); }
  bool is_number() const { return is_int() || is_double(); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const { return std::holds_alternative<JsonArray>(value_); }
  bool is_object() const { return std::holds_alternative<JsonObject>(value_); }
  // `null`, `boolean`, `integer`, `number`, `string`, `array` or `object`, for messages.
  std::string_view type_name() const;

  std::optional<bool> as_bool() const;
  std::optional<std::int64_t> as_int() const;
  std::optional<double> as_double() const;  // doubles only
  std::optional<double> as_number() const;  // integers too, rounded beyond 2^53
  const std::string* as_string() const { return std::get_if<std::string>(&value_); }
  std::string* as_string() { return std::get_if<std::string>(&value_); }
  const JsonArray* as_array() const { return std::get_if<JsonArray>(&value_); }
  JsonArray* as_array() { return std::get_if<JsonArray>(&value_); }
  const JsonObject* as_object() const { return std::get_if<JsonObject>(&value_); }
  JsonObject* as_object() { return std::get_if<JsonObject>(&value_); }

  // The member `key`, or nullptr when there is none or this is not an object. The typed forms
  // give nothing also when the member has another type.
  const Json* get(std::string_view key) const;
  const std::string* get_string(std::string_view key) const;
  std::optional<std::int64_t> get_int(std::string_view key) const;
  std::optional<bool> get_bool(std::string_view key) const;
  const JsonArray* get_array(std::string_view key) const;
  const JsonObject* get_object(std::string_view key) const;

  bool operator==(const Json&) const = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, JsonArray, JsonObject>
      value_;
};

struct JsonObject::Member {
  std::string key;
  Json value;
  bool operator==(const Member&) const = default;
};

// Errors: limit (over a limit or too deep), invalid (everything else).
Result<Json> parse_json(std::string_view text, JsonLimits limits = {});

// Compact, members in their order, always valid JSON on one line: invalid UTF-8 in a string
// becomes U+FFFD, a double that is not finite becomes null, a whole double keeps its `.0`.
std::string to_json(const Json& value);
// The same with two spaces of indentation and no final newline.
std::string to_json_pretty(const Json& value);

// `text` as a JSON string with its quotes, escaped as JSON.stringify does; the same repair.
std::string json_quote(std::string_view text);
void append_json_quoted(std::string& out, std::string_view text);

}  // namespace glovebox::codec
