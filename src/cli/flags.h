// The arguments of one command, `--name value` or `--name=value`, and the words they may be.
//
// Strict: an unknown flag, a flag twice, or a flag without its value is a usage error.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace glovebox::cli {

class Flags {
 public:
  // `switches` take no value. Error: invalid, with the flag's name (never a value: it may be a
  // key).
  static Result<Flags> parse(std::span<const std::string> arguments,
                             std::initializer_list<std::string_view> with_value,
                             std::initializer_list<std::string_view> switches);

  std::optional<std::string> value(std::string_view name) const;
  std::string value_or(std::string_view name, std::string_view otherwise) const;
  bool has(std::string_view name) const { return values_.contains(name); }
  const std::vector<std::string>& operands() const { return operands_; }

 private:
  std::map<std::string, std::string, std::less<>> values_;
  std::vector<std::string> operands_;
};

// As the flags of `ant` have them: `0`, `60s`, `1m30s`, `250ms`, `2h`; at most 30 days.
Result<Duration> parse_time_span(std::string_view text);
// Decimal digits, `least` to `most`.
Result<std::int64_t> parse_count(std::string_view text, std::int64_t least, std::int64_t most);

}  // namespace glovebox::cli
