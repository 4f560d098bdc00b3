// The document that is kept of a policy: its files and the texts of its filters, as they were read.
//
// JSON: `{"v": 1, "file": NAME, "files": [{"name", "text"}], "filters": [{"name", "text"}]}`; the
// first of `files` is the policy itself. Built-in filters are not in it: they are in the program.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "roles/policy_source.h"

namespace glovebox::roles {

std::string document_of(const PolicySource& source);
// Errors: invalid (no such document, or one that this version does not take as a policy).
Result<PolicySource> source_of(std::string_view document);

// Offline: the policy that records of the log in `audit_folder` name by `digest`, exactly as it
// was. It is compared with what the log says of it. Errors: invalid, not_found, conflict (it was
// changed since), those of reading.
Result<PolicySource> load_stored(const std::string& audit_folder, std::string_view digest);

// The same, as the policy was on one day: for who judges with it and runs nothing. Errors: also
// conflict: this program does not come to `digest` with it, because its built-in filters are others
// or the log is not to be trusted.
Result<PolicySource> load_to_judge(const std::string& audit_folder, const std::string& digest,
                                   policy::Day day);

// The same texts under the same names.
bool same_texts(const PolicySource& a, const PolicySource& b);

}  // namespace glovebox::roles
