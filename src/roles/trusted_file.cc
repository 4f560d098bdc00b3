#include "roles/trusted_file.h"

#include <fcntl.h>

#include <cstdint>
#include <format>

#include "os/file.h"
#include "os/identity.h"
#include "policy/load.h"

namespace glovebox::roles {

namespace {

constexpr std::uint32_t kExecute = 0111, kOthersWrite = 022, kSticky = 01000;

Result<void> refuse_link(const std::string& path) {
  const auto named = os::facts_of_path(path);
  if (named && named->type == os::FileType::symlink)
    return Error(ErrorKind::denied, "is a symbolic link\nhint: name what it leads to");
  return {};
}

Result<os::FileFacts> checked_facts(int file) {
  os::FileFacts facts = TRY(os::facts_of(file));
  TRY(policy::check_policy_file({.regular = facts.type == os::FileType::regular,
                                 .symlink = false,
                                 .mode = facts.mode,
                                 .uid = facts.uid},
                                os::effective_uid()));
  return facts;
}

Result<void> check_folder_above(const std::string& folder) {
  const os::FileFacts facts = TRY_CONTEXT(os::facts_of_path(folder), folder);
  const bool shared = (facts.mode & kOthersWrite) != 0 && (facts.mode & kSticky) == 0;
  if (shared || (facts.uid != 0 && facts.uid != os::effective_uid()))
    return Error(ErrorKind::denied,
                 std::format("lies below {}, where others can put something in its place\n"
                             "hint: a folder of root's that nobody else can write",
                             folder));
  return {};
}

}  // namespace

Result<std::string> read_trusted_file(const std::string& path, const FileOpener& opener) {
  TRY(refuse_link(path));
  const UniqueFd file = TRY(opener.open(path));
  TRY(checked_facts(file.get()));
  return os::read_all(file.get(), kMaxTrustedFile);
}

Result<std::string> trusted_program(const std::string& path) {
  TRY(refuse_link(path));
  const UniqueFd file = TRY(os::open_path(path, O_PATH | O_NOFOLLOW));
  if ((TRY(checked_facts(file.get())).mode & kExecute) == 0)
    return Error(ErrorKind::denied, "cannot be executed\nhint: chmod +x");
  const UniqueFd links = TRY(os::open_path("/proc/self/fd", O_PATH | O_DIRECTORY));
  std::string real = TRY(os::read_link_at(links.get(), std::to_string(file.get())));
  if (!real.starts_with('/')) return Error(ErrorKind::not_found, "is not in the file system");
  TRY(check_folder_above("/"));
  for (auto slash = real.find('/', 1); slash != std::string::npos;
       slash = real.find('/', slash + 1))
    TRY(check_folder_above(real.substr(0, slash)));
  return real;
}

}  // namespace glovebox::roles
