// Secrets that glovebox itself handles, kept out of records.
//
// Every registered secret is searched in every string and key: as it is, in hexadecimal, in
// base64 and base64url at each of the three alignments, and percent-encoded. A hit becomes
// `<masked:NAME>`, and the pointer of the string is listed, so that nothing disappears silently.
// Not found: a secret that was split, compressed, encrypted, reversed or encoded twice.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "base/units.h"
#include "codec/json.h"

namespace glovebox::audit {

constexpr std::size_t kMinSecretBytes = 8;  // shorter ones would hit ordinary text
constexpr std::size_t kMaxSecretBytes = 16 * kKiB;
constexpr std::size_t kMaxSecrets = 256;
constexpr std::size_t kMaxMaskedPointers = 64;  // listed per record; one more entry says `...`

class Masker {
 public:
  // `name` is shown in records: 1 to 64 of `A-Z a-z 0-9 _ - .`. Errors: invalid, limit.
  Result<void> add(std::string_view name, const Secret& secret);

  // Masks in place. Returns one `{"p": JSON pointer, "m": NAME}` per masked string and secret.
  codec::JsonArray apply(codec::JsonObject& members) const;
  // One string. Appends the names of what was found.
  std::string apply(std::string_view text, std::vector<std::string_view>& found) const;

  bool empty() const { return needles_.empty(); }

 private:
  struct Needle {
    std::string name;
    Secret bytes;
  };
  void add_needle(std::string_view name, std::string bytes);
  void walk(codec::Json& value, const std::string& pointer, codec::JsonArray& red) const;
  void walk(codec::JsonObject& object, const std::string& pointer, codec::JsonArray& red) const;
  std::string apply_at(std::string_view text, const std::string& pointer,
                       codec::JsonArray& red) const;

  std::size_t secrets_ = 0;
  std::vector<Needle> needles_;
};

}  // namespace glovebox::audit
