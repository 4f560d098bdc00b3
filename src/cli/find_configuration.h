// The configuration file of a command, and the secrets that it names.
#pragma once

#include <optional>
#include <string>

#include "base/secret.h"
#include "cli/configuration.h"
#include "roles/outcome.h"
#include "roles/secret_file.h"
#include "roles/secret_reference.h"

namespace glovebox::cli {

// A file that is named has to exist; the default one is read if it does. Whoever can write it says
// which policy holds, so it is trusted under the policy's own rules. Exit code: unconfigured.
roles::Outcome<Configuration> find_configuration(const std::optional<std::string>& named);

struct FoundSecret {
  Secret secret;
  std::optional<roles::SecretFile> file;  // where it is read again; none: it came once
};
// `env:` takes the variable out of the environment, `fd:` reads to the end and closes. Errors:
// those of read_secret_file; not_found: no such variable, no credentials; invalid: empty.
Result<FoundSecret> find_secret(const roles::SecretReference& reference);

}  // namespace glovebox::cli
