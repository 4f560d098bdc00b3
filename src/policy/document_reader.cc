#include <algorithm>
#include <charconv>
#include <format>
#include <system_error>
#include <tuple>

#include "policy/document.h"
#include "policy/suggestion.h"

namespace glovebox::policy {

const Entry* Table::find(std::string_view name) const {
  const auto at =
      std::ranges::find_if(entries, [&](const Entry& entry) { return entry.key.name == name; });
  return at == entries.end() ? nullptr : &*at;
}

const std::string* DocumentReader::text(const Value& value, std::string_view what) {
  if (const auto* given = std::get_if<std::string>(&value.data)) return given;
  report(Code::wrong_type, value, std::format("{} must be a string", what));
  return nullptr;
}

const Table* DocumentReader::table(const Value& value, std::string_view what) {
  if (const auto* given = std::get_if<Table>(&value.data)) return given;
  report(Code::wrong_type, value, std::format("{} must be a table", what));
  return nullptr;
}

const Array* DocumentReader::array(const Value& value, std::string_view what) {
  if (const auto* given = std::get_if<Array>(&value.data)) return given;
  report(Code::wrong_type, value, std::format("{} must be a list", what));
  return nullptr;
}

std::optional<bool> DocumentReader::flag(const Value& value, std::string_view what) {
  if (const auto* given = std::get_if<bool>(&value.data)) return *given;
  report(Code::wrong_type, value, std::format("{} must be true or false", what));
  return std::nullopt;
}

std::optional<std::int64_t> DocumentReader::integer(const Value& value, std::string_view what,
                                                    std::int64_t least, std::int64_t most) {
  const auto* given = std::get_if<std::int64_t>(&value.data);
  if (given == nullptr) {
    report(Code::wrong_type, value, std::format("{} must be an integer", what));
    return std::nullopt;
  }
  if (*given < least || *given > most) {
    report(Code::bad_value, value, std::format("{} must be {} to {}", what, least, most));
    return std::nullopt;
  }
  return *given;
}

std::optional<std::uint64_t> DocumentReader::quantity(const Value& value, std::string_view what,
                                                      std::string_view form,
                                                      std::span<const Unit> units,
                                                      std::uint64_t most) {
  const std::string* given = text(value, std::format("{}, {},", what, form));
  if (given == nullptr) return std::nullopt;
  std::uint64_t number = 0;
  const char* const end = given->data() + given->size();
  const auto parsed = std::from_chars(given->data(), end, number);
  const std::string_view unit(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
  const auto known = std::ranges::find(units, unit, &Unit::suffix);
  const bool vast = parsed.ec == std::errc::result_out_of_range;
  if (parsed.ptr == given->data() || (number == 0 && !vast) || known == units.end()) {
    report(Code::bad_value, value, std::format("{} must be {}, and not zero", what, form));
    return std::nullopt;
  }
  if (vast || number > most / known->factor) {
    report(Code::bad_value, value, std::format("{} is beyond what any limit may be", what));
    return std::nullopt;
  }
  return number * known->factor;
}

void DocumentReader::only_keys(const Table& table, std::string_view where,
                               std::initializer_list<std::string_view> known) {
  for (const Entry& entry : table.entries)
    if (std::ranges::find(known, entry.key.name) == known.end())
      unknown_key(entry.key, where, known);
}

void DocumentReader::unknown_key(const Key& key, std::string_view where,
                                 std::span<const std::string_view> known) {
  report(Code::unknown_key, key, std::format("unknown key `{}` in {}", key.name, where),
         nearest(key.name, known));
}

const Value* DocumentReader::require(const Table& table, const Value& owner, std::string_view name,
                                     std::string_view where) {
  if (const Entry* entry = table.find(name)) return &entry->value;
  report(Code::missing_key, owner, std::format("{} needs `{}`", where, name));
  return nullptr;
}

void DocumentReader::not_one_of(const Value& value, std::string_view what,
                                std::span<const std::string_view> known) {
  std::string list;
  for (const std::string_view name : known)
    list += std::format("{}\"{}\"", list.empty() ? "" : ", ", name);
  report(Code::bad_value, value, std::format("{} must be one of {}", what, list));
}

void DocumentReader::report(Code code, const Value& value, std::string message, std::string hint) {
  report({code, value.origin, value.width, std::move(message), std::move(hint)});
}

void DocumentReader::report(Code code, const Key& key, std::string message, std::string hint) {
  report({code, key.origin, key.width, std::move(message), std::move(hint)});
}

void DocumentReader::report(Code code, const Origin& origin, std::string message,
                            std::string hint) {
  report({code, origin, origin.width, std::move(message), std::move(hint)});
}

std::vector<Diagnostic> DocumentReader::take_diagnostics() {
  std::ranges::stable_sort(diagnostics_, {}, [](const Diagnostic& diagnostic) {
    return std::tuple(diagnostic.origin.line, diagnostic.origin.column);
  });
  return std::exchange(diagnostics_, {});
}

}  // namespace glovebox::policy
