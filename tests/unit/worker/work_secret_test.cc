#include "worker/work_secret.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "codec/base64.h"

using namespace glovebox;
using namespace glovebox::worker;

namespace {
const codec::BaseUrl kPublic = *codec::BaseUrl::parse("https://api.anthropic.com");
const codec::BaseUrl kLocal = *codec::BaseUrl::parse("http://127.0.0.1:8400");
std::string encoded(std::string_view json) {
  return codec::base64url_encode(json);
}
}  // namespace

TEST_CASE("secrets that are of no use, and no word of them in the error") {
  struct Row {
    std::string name, text;
  };
  const std::vector<Row> rows = {
      {"empty", ""},
      {"no base64url", "canary+canary/canary"},
      {"no JSON", encoded("canary")},
      {"an array", encoded(R"(["canary"])")},
      {"no token", encoded(R"({"canary":1})")},
      {"an empty token", encoded(R"({"sessions_token":"","canary":1})")},
      {"a token that is no string", encoded(R"({"sessions_token":["canary"]})")},
      {"two tokens", encoded(R"({"sessions_token":"canary","sessions_token":"b"})")},
      {"plain http", encoded(R"({"sessions_token":"canary","api_base_url":"http://a.example"})")},
      {"plain http on loopback, but we are not",
       encoded(R"({"sessions_token":"canary","api_base_url":"http://127.0.0.1:1"})")},
      {"a URL that is none", encoded(R"({"sessions_token":"canary","api_base_url":"canary"})")},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const auto secret = decode_work_secret(std::string(row.text), kPublic);
    REQUIRE_FALSE(secret);
    CHECK(secret.error().kind() == ErrorKind::invalid);
    CHECK(secret.error().message().find("canary") == std::string::npos);
  }
}

TEST_CASE("the token, with padding and without, beside unknown members") {
  const std::string json = R"({"sessions_token":"sk-ant-req-1","expires":12,"api_base_url":null})";
  for (const std::string& text : {encoded(json), codec::base64_encode(json)}) {
    const auto secret = decode_work_secret(std::string(text), kPublic);
    REQUIRE(secret);
    CHECK(secret->sessions_token.reveal() == "sk-ant-req-1");
    CHECK_FALSE(secret->api_base_url);
  }
}

TEST_CASE("a base URL of the item's own") {
  const auto secure = decode_work_secret(
      encoded(R"({"sessions_token":"t","api_base_url":"https://eu.example/p/"})"), kPublic);
  REQUIRE(secure);
  CHECK(secure->api_base_url->to_string() == "https://eu.example/p");
  const auto local = decode_work_secret(
      encoded(R"({"sessions_token":"t","api_base_url":"http://localhost:9"})"), kLocal);
  REQUIRE(local);
  CHECK(local->api_base_url->port() == 9);
  CHECK_FALSE(decode_work_secret(
      encoded(R"({"sessions_token":"t","api_base_url":"http://10.0.0.1:9"})"), kLocal));
}

TEST_CASE("plain http") {
  CHECK_FALSE(check_transport(*codec::BaseUrl::parse("http://10.0.0.1"), PlainHttp::loopback_only));
  CHECK_FALSE(check_transport(*codec::BaseUrl::parse("http://localhost.example"),
                              PlainHttp::loopback_only));
  CHECK(check_transport(*codec::BaseUrl::parse("http://10.0.0.1"), PlainHttp::allowed));
  CHECK(check_transport(*codec::BaseUrl::parse("http://[::1]:8400"), PlainHttp::loopback_only));
  CHECK(check_transport(kLocal, PlainHttp::loopback_only));
  CHECK(check_transport(kPublic, PlainHttp::loopback_only));
}
