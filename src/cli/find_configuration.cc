#include "cli/find_configuration.h"

#include <format>
#include <utility>

#include "base/units.h"
#include "cli/process_secrets.h"
#include "os/file.h"
#include "roles/file_opener.h"
#include "roles/trusted_file.h"

namespace glovebox::cli {

namespace {

constexpr std::uint64_t kMaxSecret = 64 * kKiB;

Result<Secret> read_descriptor(int number) {
  const UniqueFd fd(number);
  Secret secret = roles::trimmed_secret(TRY(os::read_all(fd.get(), kMaxSecret)));
  if (secret.empty()) return Error(ErrorKind::invalid, "there is nothing in it");
  return secret;
}

Result<roles::SecretFile> file_of(const roles::SecretReference& reference) {
  using Rule = roles::SecretFile::Rule;
  if (reference.from == roles::SecretReference::From::file)
    return roles::SecretFile{Rule::owner_only, reference.name};
  const std::string folder = variable("CREDENTIALS_DIRECTORY");
  if (folder.empty())
    return Error(ErrorKind::not_found,
                 "this process was given no credentials\nhint: LoadCredential= in its unit");
  return roles::SecretFile{Rule::credential, folder + "/" + reference.name};
}

}  // namespace

roles::Outcome<Configuration> find_configuration(const std::optional<std::string>& named) {
  const std::string path = named.value_or(kDefaultConfiguration);
  const auto text = roles::read_trusted_file(path, roles::FileOpener());
  if (!text) {
    if (!named && text.error().kind() == ErrorKind::not_found) return Configuration{};
    return roles::failure(ExitCode::unconfigured, text.error(), path);
  }
  LoadedConfiguration loaded = load_configuration(path, *text);
  if (!loaded.configuration) return roles::Failure{ExitCode::unconfigured, to_text(loaded, *text)};
  return *std::move(loaded.configuration);
}

Result<FoundSecret> find_secret(const roles::SecretReference& reference) {
  FoundSecret found;
  switch (reference.from) {
    case roles::SecretReference::From::credential:
    case roles::SecretReference::From::file:
      found.file = TRY(file_of(reference));
      found.secret = TRY(roles::read_secret_file(roles::FileOpener(), *found.file));
      return found;
    case roles::SecretReference::From::variable:
      found.secret = take_variable(reference.name.c_str());
      if (found.secret.empty())
        return Error(ErrorKind::not_found, std::format("{} is not set", reference.name));
      return found;
    case roles::SecretReference::From::descriptor:
      found.secret = TRY_CONTEXT(read_descriptor(reference.descriptor), to_string(reference));
      return found;
  }
  return Error(ErrorKind::internal, "a secret of no kind");
}

}  // namespace glovebox::cli
