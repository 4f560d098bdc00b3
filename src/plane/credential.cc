#include "plane/credential.h"

#include <format>
#include <optional>
#include <utility>

#include "plane/ids.h"

namespace glovebox::plane {
namespace {

constexpr std::string_view kEnvironmentKeyStart = "sk-ant-oat01-plane-";

// `-r2` behind the key that came with the second rotation.
constexpr std::string_view kRotationMark = "-r";

std::optional<Caller> caller_of(std::string_view credential, const EnvironmentKeys& keys,
                                const SessionsTokens& tokens) {
  if (credential == kApiKey) return Caller{CredentialKind::api_key, {}, {}, {}};
  if (std::optional<std::string> environment = keys.environment_of(credential))
    return Caller{CredentialKind::environment_key, *std::move(environment), {}, {}};
  if (const Caller* caller = tokens.find(credential)) return *caller;
  return std::nullopt;
}

}  // namespace

std::string environment_key(std::string_view environment) {
  return std::string(kEnvironmentKeyStart) + std::string(environment);
}

std::string EnvironmentKeys::current(std::string_view environment) const {
  const auto rotated = rotations_.find(environment);
  std::string key = environment_key(environment);
  if (rotated != rotations_.end()) key += std::format("{}{}", kRotationMark, rotated->second);
  return key;
}

void EnvironmentKeys::rotate(std::string_view environment) {
  ++rotations_[std::string(environment)];
}

std::optional<std::string> EnvironmentKeys::environment_of(std::string_view key) const {
  if (!key.starts_with(kEnvironmentKeyStart)) return std::nullopt;
  for (const auto& [environment, rotation] : rotations_)
    if (key == current(environment)) return environment;
  // One that was never rotated; whether there is such an environment is asked elsewhere.
  std::string environment(key.substr(kEnvironmentKeyStart.size()));
  if (rotations_.contains(environment)) return std::nullopt;
  return environment;
}

std::string_view to_string(CredentialKind kind) {
  switch (kind) {
    case CredentialKind::api_key:
      return "api_key";
    case CredentialKind::environment_key:
      return "environment_key";
    case CredentialKind::sessions_token:
      return "sessions_token";
  }
  return "api_key";
}

std::string SessionsTokens::issue(Random& random, Caller caller) {
  std::string token = "sk-ant-req-plane-" + random.hex(16);
  callers_.emplace(token, std::move(caller));
  return token;
}

const Caller* SessionsTokens::find(std::string_view token) const {
  const auto found = callers_.find(token);
  return found == callers_.end() ? nullptr : &found->second;
}

void SessionsTokens::revoke(std::string_view environment) {
  std::erase_if(callers_, [&](const auto& each) { return each.second.environment == environment; });
}

Answer<Caller> identify(const Request& request, const EnvironmentKeys& keys,
                        const SessionsTokens& tokens) {
  constexpr std::string_view kBearer = "Bearer ";
  const std::string* authorization = request.header("authorization");
  const std::string* api_key = request.header("x-api-key");
  if (authorization == nullptr && api_key == nullptr)
    return unauthenticated("authorization or x-api-key is required");
  if (authorization != nullptr && authorization->starts_with(kBearer)) {
    const std::string_view credential = std::string_view(*authorization).substr(kBearer.size());
    if (std::optional<Caller> caller = caller_of(credential, keys, tokens))
      return *std::move(caller);
  }
  if (api_key != nullptr) {
    std::optional<Caller> caller = caller_of(*api_key, keys, tokens);
    if (caller && caller->kind == CredentialKind::api_key) return *std::move(caller);
  }
  return unauthenticated("invalid credential");
}

}  // namespace glovebox::plane
