#include "plane/credential.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "fakes.h"

namespace glovebox::plane {

TEST_CASE("credentials that are refused", "[plane]") {
  const SessionsTokens tokens;
  struct Row {
    const char* name;
    std::vector<Header> headers;
  };
  for (const Row& row :
       {Row{"none", {}}, Row{"an unknown bearer", {{"authorization", "Bearer sk-ant-api03-x"}}},
        Row{"another scheme", {{"authorization", "Basic " + std::string(kApiKey)}}},
        Row{"an empty bearer", {{"authorization", "Bearer "}}},
        Row{"an environment key as API key", {{"x-api-key", environment_key("env_1")}}},
        Row{"a token that was never issued", {{"authorization", "Bearer sk-ant-req-plane-00"}}}}) {
    INFO(row.name);
    Request request;
    request.headers = row.headers;
    const Answer<Caller> caller = identify(request, {}, tokens);
    REQUIRE_FALSE(caller);
    CHECK(caller.error().status == 401);
    CHECK(caller.error().type == "authentication_error");
  }
}

TEST_CASE("an API key is taken in either header", "[plane]") {
  for (const Header& header : {Header{"authorization", "Bearer " + std::string(kApiKey)},
                               Header{"x-api-key", std::string(kApiKey)}}) {
    Request request;
    request.headers = {header};
    CHECK(identify(request, {}, {})->kind == CredentialKind::api_key);
  }
}

TEST_CASE("an environment key names its environment, a token its item", "[plane]") {
  CountingRandom random;
  SessionsTokens tokens;
  const std::string token =
      tokens.issue(random, {CredentialKind::sessions_token, "env_1", "work_1", "sesn_1"});
  CHECK(token != tokens.issue(random, {CredentialKind::sessions_token, "e", "w", "s"}));
  Request request;
  request.headers = {{"authorization", "Bearer " + token}};
  CHECK(identify(request, {}, tokens)->work == "work_1");
  CHECK(identify(request, {}, tokens)->session == "sesn_1");
  request.headers = {{"authorization", "Bearer " + environment_key("env_2")}};
  CHECK(identify(request, {}, tokens)->kind == CredentialKind::environment_key);
  CHECK(identify(request, {}, tokens)->environment == "env_2");
}

TEST_CASE("a rotated key takes the place of the one before", "[plane]") {
  EnvironmentKeys keys;
  const auto accepts = [&](const std::string& key) {
    Request request;
    request.headers = {{"authorization", "Bearer " + key}};
    const Answer<Caller> caller = identify(request, keys, {});
    return caller && caller->environment == "env_1";
  };
  const std::string first = keys.current("env_1");
  CHECK(first == environment_key("env_1"));
  CHECK(accepts(first));
  keys.rotate("env_1");
  const std::string second = keys.current("env_1");
  CHECK_FALSE(accepts(first));
  CHECK(accepts(second));
  keys.rotate("env_1");
  CHECK_FALSE(accepts(first));
  CHECK_FALSE(accepts(second));
  CHECK(accepts(keys.current("env_1")));
  INFO("another environment keeps its key");
  CHECK(keys.current("env_2") == environment_key("env_2"));
}

TEST_CASE("revoked tokens are refused", "[plane]") {
  CountingRandom random;
  SessionsTokens tokens;
  const std::string one = tokens.issue(random, {CredentialKind::sessions_token, "env_1", "w", "s"});
  const std::string two = tokens.issue(random, {CredentialKind::sessions_token, "env_2", "w", "s"});
  tokens.revoke("env_1");
  CHECK(tokens.find(one) == nullptr);
  CHECK(tokens.find(two) != nullptr);
}

}  // namespace glovebox::plane
