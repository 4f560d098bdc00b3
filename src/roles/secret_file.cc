#include "roles/secret_file.h"

#include <utility>

#include "base/units.h"
#include "os/file.h"

namespace glovebox::roles {

namespace {
constexpr std::uint64_t kMaxSecretFile = 64 * kKiB;
constexpr std::uint32_t kOthers = 077;
}  // namespace

Secret trimmed_secret(std::string&& bytes) {
  while (bytes.ends_with('\n') || bytes.ends_with('\r')) bytes.pop_back();
  return Secret::take(std::move(bytes));
}

Result<Secret> read_secret_file(const FileOpener& opener, const SecretFile& file) {
  const UniqueFd opened = TRY_CONTEXT(opener.open(file.path), file.path);
  const os::FileFacts facts = TRY_CONTEXT(os::facts_of(opened.get()), file.path);
  if (facts.type != os::FileType::regular)
    return Error(ErrorKind::denied, file.path + ": is not a regular file");
  if (file.rule == SecretFile::Rule::owner_only && (facts.mode & kOthers) != 0)
    return Error(ErrorKind::denied,
                 file.path + ": group or others can read it\nhint: chmod 600 " + file.path);
  Secret secret =
      trimmed_secret(TRY_CONTEXT(os::read_all(opened.get(), kMaxSecretFile), file.path));
  if (secret.empty()) return Error(ErrorKind::invalid, file.path + ": there is nothing in it");
  return secret;
}

}  // namespace glovebox::roles
