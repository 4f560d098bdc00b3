// Every key that a policy can hold, in one table: what the readers accept and what the schema says
// come from here and cannot drift apart.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "policy/document.h"

namespace glovebox::policy {

// A table of the language.
enum class Place : std::uint8_t {
  policy,     // the file itself
  included,   // a file that `include` names
  test_file,  // NAME.test.toml
  cap_file,
  bind,
  profile,
  cap,
  mount,
  limits,
  limit,  // { value = …, enforce = … }
  audit,
  deny,
  egress,
  approve,
  when,
  secret,
  tool,
  mcp,
  test,
  who,
};

enum class Shape : std::uint8_t {
  whole,      // an integer
  text,       // a string; one of `words` if there are any
  flag,       // true or false
  date,       // 2027-03-31
  texts,      // a list of strings
  strings,    // a table of names with strings
  table,      // a table of the place `inner`
  tables,     // a list of such tables
  named,      // a table of names with such tables
  quantity,   // "10m", "2GiB"
  limit,      // a quantity, or a table of the place `inner`
  count,      // an integer, or a table of the place `inner`
  port,       // 443 or "8000-8100"
  magnitude,  // of a limit, whatever kind it is: a quantity or an integer
};

enum class Need : std::uint8_t { optional, required };

struct KeyRule {
  Place place;
  std::string_view name;
  Shape shape;
  std::string_view meaning;  // one sentence, for the schema
  Need need = Need::optional;
  Place inner = Place::policy;
  std::span<const std::string_view> words = {};
  std::int64_t least = 0, most = 0;  // of `whole` and `count`
};

// Sorted by place; static storage.
std::span<const KeyRule> key_rules();
std::span<const KeyRule> keys_of(Place place);
std::vector<std::string_view> key_names(Place place);

// Notes each key of `table` that its place does not have, with the nearest that it has as a hint.
void only_keys(DocumentReader& reader, const Table& table, std::string_view where, Place place);

}  // namespace glovebox::policy
