#include "box/plan_trust.h"

#include <algorithm>
#include <array>
#include <string>

namespace glovebox::box {

namespace {

// Files; what is a link to one of them shows it as well.
constexpr std::array<std::string_view, 6> kPlaces = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // RHEL, Fedora
    "/etc/pki/tls/certs/ca-bundle.crt",                   // older ones
    "/etc/pki/tls/cert.pem",
    "/etc/ssl/ca-bundle.pem",  // SUSE
    "/etc/ssl/cert.pem",       // Alpine
};
// OpenSSL and Go; curl; git; Python's requests and pip; Node; the SDKs of clouds; Rust's cargo.
constexpr std::array<std::string_view, 8> kVariables = {
    "SSL_CERT_FILE", "CURL_CA_BUNDLE",      "GIT_SSL_CAINFO", "REQUESTS_CA_BUNDLE",
    "PIP_CERT",      "NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE",  "CARGO_HTTP_CAINFO",
};

}  // namespace

Result<void> add_trust(BoxPlan& plan, const HostView& view) {
  if (!plan.egress || plan.egress->trust.empty()) return {};
  const auto bundle = view.look(plan.egress->trust);
  if (!bundle || bundle->kind != PathFacts::Kind::file)
    return Error(ErrorKind::not_found,
                 plan.egress->trust + " is not there: the egress role makes it");
  MountEntry entry;
  entry.kind = MountKind::bind;
  entry.source = plan.egress->trust;
  entry.identity = bundle->identity;
  entry.at = kTrustFile;
  plan.mounts.push_back(entry);
  for (const std::string_view place : kPlaces) {
    const auto facts = view.look(std::string(place));
    if (!facts || facts->kind != PathFacts::Kind::file) continue;
    entry.at = place;
    plan.mounts.push_back(entry);
  }
  for (const std::string_view variable : kVariables) {
    const auto given = std::ranges::find_if(
        plan.environment, [&](const auto& known) { return known.first == variable; });
    if (given == plan.environment.end()) plan.environment.emplace_back(variable, kTrustFile);
  }
  std::ranges::sort(plan.environment);
  return {};
}

}  // namespace glovebox::box
