#include "roles/trusted_file.h"

#include "os/file.h"
#include "os/identity.h"
#include "policy/load.h"

namespace glovebox::roles {

Result<std::string> read_trusted_file(const std::string& path, const FileOpener& opener) {
  const auto named = os::facts_of_path(path);
  if (named && named->type == os::FileType::symlink)
    return Error(ErrorKind::denied, "is a symbolic link");
  const UniqueFd file = TRY(opener.open(path));
  const os::FileFacts facts = TRY(os::facts_of(file.get()));
  const policy::PolicyFileFacts checked{.regular = facts.type == os::FileType::regular,
                                        .symlink = false,
                                        .mode = facts.mode,
                                        .uid = facts.uid};
  TRY(policy::check_policy_file(checked, os::effective_uid()));
  return os::read_all(file.get(), kMaxTrustedFile);
}

}  // namespace glovebox::roles
