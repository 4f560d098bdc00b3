// A secret that stands in a file, read at the start and again when it may have changed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "roles/file_opener.h"

namespace glovebox::roles {

struct SecretFile {
  enum class Rule : std::uint8_t {
    owner_only,  // refused if group or others can read it
    credential,  // systemd made it and keeps others from its folder; its mode shows an ACL's mask
  } rule = Rule::owner_only;
  std::string path;
};

// The file without the line feeds at its end; at most 64 KiB. Errors: denied (the rule, a symbolic
// link, not a regular file) with a hint, invalid (nothing in it), limit, those of the opener.
Result<Secret> read_secret_file(const FileOpener& opener, const SecretFile& file);

// From the bytes as they are read.
Secret trimmed_secret(std::string&& bytes);

}  // namespace glovebox::roles
