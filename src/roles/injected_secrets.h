// The secrets of a policy that egress adds on the wire (`inject`): read by the supervisor, held by
// the egress role, seen by no box.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "policy/policy.h"
#include "roles/file_opener.h"

namespace glovebox::roles {

using InjectedSecrets = std::map<std::string, Secret>;

// All of them or none. `credentials`: the folder of the service's credentials; empty: there is
// none. Errors name the secret and its line in the policy; kinds of read_secret_file(), and
// not_found: the service was given no credentials; invalid: what cannot stand in the header of a
// request.
Result<InjectedSecrets> read_injected(const policy::Policy& policy, const std::string& credentials,
                                      const FileOpener& opener);

}  // namespace glovebox::roles
