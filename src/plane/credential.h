// Who calls, and what each kind of credential may do.
//
// The credentials of a plane are fixed and printed at its start (a test may rotate the key of an
// environment): it rehearses, it protects nothing.
// What it does enforce is the table of which credential reaches which route, so that a worker that
// uses the wrong one is found here and not in production.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "plane/message.h"

namespace glovebox::plane {

constexpr std::string_view kApiKey = "sk-ant-api03-plane-rehearsal";

// The first environment key of an environment: `sk-ant-oat01-plane-<id>`.
std::string environment_key(std::string_view environment);

// The environment keys that are valid now: one for each environment, replaced by rotate().
class EnvironmentKeys {
 public:
  std::string current(std::string_view environment) const;
  // From now on the old key is refused.
  void rotate(std::string_view environment);
  // The environment whose current key this is; nothing for any other text.
  std::optional<std::string> environment_of(std::string_view key) const;

 private:
  std::map<std::string, unsigned, std::less<>> rotations_;
};

enum class CredentialKind : std::uint8_t { api_key, environment_key, sessions_token };
std::string_view to_string(CredentialKind kind);

struct Caller {
  CredentialKind kind = CredentialKind::api_key;
  std::string environment;  // environment key and sessions token: the one they belong to
  std::string work;         // sessions token only
  std::string session;      // sessions token only
};

// A set of credential kinds.
class Access {
 public:
  constexpr Access() = default;
  constexpr Access(std::initializer_list<CredentialKind> kinds) {
    for (const CredentialKind kind : kinds) bits_ |= 1u << static_cast<unsigned>(kind);
  }
  constexpr bool has(CredentialKind kind) const {
    return (bits_ & 1u << static_cast<unsigned>(kind)) != 0;
  }

 private:
  unsigned bits_ = 0;
};

// The sessions tokens handed out so far. One token per hand-out of a work item; all stay valid
// until a test revokes them, since how the service ends them is not known.
class SessionsTokens {
 public:
  std::string issue(Random& random, Caller caller);
  const Caller* find(std::string_view token) const;
  // Those of an environment are refused from now on.
  void revoke(std::string_view environment);

 private:
  std::map<std::string, Caller, std::less<>> callers_;
};

// Bearer or x-api-key; an API key is taken in either. Errors: 401.
Answer<Caller> identify(const Request& request, const EnvironmentKeys& keys,
                        const SessionsTokens& tokens);

}  // namespace glovebox::plane
