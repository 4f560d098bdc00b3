// Secrets that glovebox itself handles, kept out of records.
//
// Every registered secret is searched in every string and key, in the forms of secret_forms.h. A
// hit becomes `<masked:NAME>`, hits that overlap become one, and the pointer of the string is
// listed, so that nothing disappears silently. Masked first, cut afterwards (bounded_value.h): no
// part of a secret is left at a cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audit/secret_finder.h"
#include "base/result.h"
#include "base/secret.h"
#include "codec/json.h"

namespace glovebox::audit {

constexpr std::size_t kMaxMaskedPointers = 64;  // listed per record; one more entry says `...`

class Masker {
 public:
  Masker();

  // `name` is shown in records: 1 to 64 of `A-Z a-z 0-9 _ - .`. Errors: those of SecretFinder::add,
  // and invalid: not a name.
  Result<void> add(std::string_view name, const Secret& secret);
  // One that remove() takes out again.
  Result<void> put(std::string_view key, std::string_view name, std::string_view secret);
  void remove(std::string_view key) { finder_.remove(key); }

  // Masks in place. Returns one `{"p": JSON pointer, "m": NAME}` per masked string and secret.
  codec::JsonArray apply(codec::JsonObject& members) const;
  // One string. Appends the names of what was found.
  std::string apply(std::string_view text, std::vector<std::string_view>& found) const;
  // Whether something in it would be masked.
  bool finds(std::string_view text) const { return !finder_.find(text).spans.empty(); }

  bool empty() const { return finder_.empty(); }
  std::size_t size() const { return finder_.size(); }

 private:
  void walk(codec::Json& value, const std::string& pointer, codec::JsonArray& red) const;
  void walk(codec::JsonObject& object, const std::string& pointer, codec::JsonArray& red) const;
  std::string apply_at(std::string_view text, const std::string& pointer,
                       codec::JsonArray& red) const;

  std::uint64_t added_ = 0;  // by name alone
  SecretFinder finder_;
};

}  // namespace glovebox::audit
