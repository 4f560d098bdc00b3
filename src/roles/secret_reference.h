// How a configuration names a secret without holding it.
//
//   credential:NAME   a systemd credential of this service
//   file:PATH         an absolute path; refused if group or others can read the file
//   env:NAME          a variable, read once and removed
//   fd:N              a descriptor that was passed in, read once to its end and closed
//
// The first two are read again when the secret may have changed; the others are gone after the
// first time. Pure; reading is secret_file.h's and the command line's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glovebox::roles {

struct SecretReference {
  enum class From : std::uint8_t { credential, file, variable, descriptor } from = From::file;
  std::string name;     // of the credential or the variable, or the path
  int descriptor = -1;  // descriptor only
  bool operator==(const SecretReference&) const = default;
};

// As it was written.
std::string to_string(const SecretReference& reference);

// Error: invalid, with the forms that there are. A text without a known prefix may be the secret
// itself: the error does not repeat it.
Result<SecretReference> parse_secret_reference(std::string_view text);

}  // namespace glovebox::roles
