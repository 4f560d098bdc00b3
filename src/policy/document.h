// A TOML text as a tree of typed values, each with the place it came from.
//
// This is how every TOML file of glovebox is read: policies, rehearsals, glovebox.toml. The bytes
// go through scan() first, so that no input can exhaust the parser. Reading is strict by use: what
// a caller does not ask for is an unknown key. Nothing here touches the file system.
#pragma once

#include <cstdint>
#include <expected>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "policy/diagnostic.h"
#include "policy/policy.h"

namespace glovebox::policy {

struct Value;
struct Entry;

// The entries of a table in the order in which the file names them.
struct Table {
  std::vector<Entry> entries;
  const Entry* find(std::string_view name) const;
};
using Array = std::vector<Value>;
// A date or time, as it is written in the file.
struct DateText {
  std::string text;
};

struct Value {
  Origin origin;
  std::uint32_t width = 1;  // columns, for the caret
  std::variant<bool, std::int64_t, double, std::string, DateText, Array, Table> data;
};
struct Key {
  std::string name;
  Origin origin;
  std::uint32_t width = 1;
};
struct Entry {
  Key key;
  Value value;
};

// `file` is how the file is named in messages.
std::expected<Value, Diagnostic> parse_document(const std::string& file, std::string_view text);

// Demands types of values, and notes a diagnostic for each that is something else. Pointers are
// into the document. `what` names the value in the message: `{what} must be a string`.
class DocumentReader {
 public:
  const std::string* text(const Value& value, std::string_view what);
  const Table* table(const Value& value, std::string_view what);
  const Array* array(const Value& value, std::string_view what);
  std::optional<bool> flag(const Value& value, std::string_view what);
  // Both ends of the range are allowed.
  std::optional<std::int64_t> integer(const Value& value, std::string_view what, std::int64_t least,
                                      std::int64_t most);
  // A string that is one of `words`.
  template <class E>
  std::optional<E> word(const Value& value, std::string_view what,
                        std::initializer_list<std::pair<std::string_view, E>> words) {
    const std::string* given = text(value, what);
    if (given == nullptr) return std::nullopt;
    std::vector<std::string_view> known;
    for (const auto& [name, meaning] : words) {
      if (*given == name) return meaning;
      known.push_back(name);
    }
    not_one_of(value, what, known);
    return std::nullopt;
  }
  struct Unit {
    std::string_view suffix;
    std::uint64_t factor;
  };
  // A string of digits and one unit, above zero: "30s", "2GiB". `form` describes it in messages.
  std::optional<std::uint64_t> quantity(const Value& value, std::string_view what,
                                        std::string_view form, std::span<const Unit> units,
                                        std::uint64_t most);

  // Notes each key of `table` that is not in `known`, with the nearest known one as a hint.
  void only_keys(const Table& table, std::string_view where,
                 std::initializer_list<std::string_view> known);
  void unknown_key(const Key& key, std::string_view where,
                   std::initializer_list<std::string_view> known) {
    unknown_key(key, where, std::span(known.begin(), known.size()));
  }
  void unknown_key(const Key& key, std::string_view where, std::span<const std::string_view> known);
  // The entry of that name; notes a missing key at `owner` if there is none.
  const Value* require(const Table& table, const Value& owner, std::string_view name,
                       std::string_view where);

  void report(Code code, const Value& value, std::string message, std::string hint = "");
  void report(Code code, const Key& key, std::string message, std::string hint = "");
  void report(Code code, const Origin& origin, std::string message, std::string hint = "");
  void report(Diagnostic diagnostic) { diagnostics_.push_back(std::move(diagnostic)); }

  bool clean() const { return diagnostics_.empty(); }
  // By place in the file; the reader is empty afterwards.
  std::vector<Diagnostic> take_diagnostics();

 private:
  void not_one_of(const Value& value, std::string_view what,
                  std::span<const std::string_view> known);

  std::vector<Diagnostic> diagnostics_;
};

}  // namespace glovebox::policy
