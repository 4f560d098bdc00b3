#include "roles/egress_authority.h"

#include <fcntl.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "os/file.h"
#include "os/limits.h"
#include "roles/egress_settings.h"

namespace glovebox::roles {

namespace {

constexpr const char* kKeyName = "ca-key.pem";
constexpr const char* kCertificateName = "ca.pem";
constexpr unsigned kPrivateFile = 0600;
constexpr unsigned kReadable = 0644;
constexpr std::uint64_t kMaxBundle = 9 << 20;

Result<std::string> read_own(int folder, const char* name, std::uint64_t limit) {
  const UniqueFd file = TRY(os::open_at(folder, name, O_RDONLY | O_NOFOLLOW));
  return os::read_all(file.get(), limit);
}

Result<egress::Authority> load(int folder, WallTime now) {
  egress::AuthorityPem pem;
  pem.key = Secret::take(TRY(read_own(folder, kKeyName, egress::kMaxAuthorityPem)));
  pem.certificate = TRY(read_own(folder, kCertificateName, egress::kMaxAuthorityPem));
  return egress::Authority::load(pem, now);
}

// For people, who may see the certificate: what it takes of the host's name.
std::string shown_host() {
  std::string name = os::host_name();
  std::erase_if(name, [](char c) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '.' || c == '_';
    return !good;
  });
  return name.empty() ? "host" : name.substr(0, egress::kMaxAuthorityHost);
}

Result<egress::Authority> make(int folder, WallTime now) {
  egress::Authority authority = TRY(egress::Authority::make(shown_host(), now));
  const egress::AuthorityPem pem = TRY(authority.pem());
  TRY(os::replace_file(folder, kKeyName, pem.key.reveal(), kPrivateFile));
  TRY(os::replace_file(folder, kCertificateName, pem.certificate, kReadable));
  return authority;
}

}  // namespace

Result<egress::Authority> keep_authority(const std::string& folder, const std::string& host_bundle,
                                         WallTime now) {
  const UniqueFd place =
      TRY_CONTEXT(os::open_path(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), folder);
  auto authority = load(place.get(), now);
  if (!authority) authority = TRY_CONTEXT(make(place.get(), now), folder);
  const egress::AuthorityPem pem = TRY(authority->pem());
  std::string bundle = host_bundle;
  if (!bundle.empty() && !bundle.ends_with('\n')) bundle += '\n';
  bundle += pem.certificate;
  const std::string name(kTrustName);
  const auto there = read_own(place.get(), name.c_str(), kMaxBundle);
  if (!there || *there != bundle)
    TRY_CONTEXT(os::replace_file(place.get(), name, bundle, kReadable), folder);
  return std::move(*authority);
}

}  // namespace glovebox::roles
