#include "roles/injected_secrets.h"

#include <format>
#include <utility>

#include "codec/http_head.h"
#include "roles/secret_file.h"
#include "roles/secret_reference.h"

namespace glovebox::roles {

namespace {

Result<SecretFile> file_of(const policy::SecretRule& rule, const std::string& credentials) {
  const SecretReference reference = TRY(parse_secret_reference(rule.from));
  if (reference.from == SecretReference::From::file)
    return SecretFile{SecretFile::Rule::owner_only, reference.name};
  if (credentials.empty())
    return Error(ErrorKind::not_found,
                 "this process was given no credentials\nhint: LoadCredential= in its unit");
  return SecretFile{SecretFile::Rule::credential, credentials + "/" + reference.name};
}

Result<Secret> read(const policy::SecretRule& rule, const std::string& credentials,
                    const FileOpener& opener) {
  Secret secret = TRY(read_secret_file(opener, TRY(file_of(rule, credentials))));
  if (!codec::check_field_value(secret.reveal()))
    return Error(ErrorKind::invalid, "it cannot stand in the header of a request");
  return secret;
}

}  // namespace

Result<InjectedSecrets> read_injected(const policy::Policy& policy, const std::string& credentials,
                                      const FileOpener& opener) {
  InjectedSecrets secrets;
  for (const auto& [name, rule] : policy.secrets) {
    if (rule.expose != policy::Exposure::egress) continue;
    secrets.emplace(
        name, TRY_CONTEXT(read(rule, credentials, opener),
                          std::format("{}: secret {}", policy::to_string(rule.origin), name)));
  }
  return secrets;
}

}  // namespace glovebox::roles
