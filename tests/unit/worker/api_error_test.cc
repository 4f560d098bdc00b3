#include "worker/api_error.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace glovebox;
using namespace glovebox::worker;

TEST_CASE("bodies that are no envelope give the status alone") {
  for (const std::string_view body : {"", "<html>", "[]", R"({"error":"x"})"}) {
    INFO(body);
    CHECK(to_string(parse_api_error(502, body, "")) == "502");
  }
}

TEST_CASE("an envelope in one line") {
  const auto error = parse_api_error(
      412, R"({"type":"error","error":{"type":"invalid_request_error","message":"stale",
        "details":{"error_code":"heartbeat_precondition_failed"}},"request_id":"req_b"})",
      "");
  CHECK(to_string(error) ==
        "412 invalid_request_error heartbeat_precondition_failed: stale (request req_b)");
  CHECK(to_error(error, "heartbeat").kind() == ErrorKind::conflict);
  CHECK(parse_api_error(500, R"({"request_id":"req_b"})", "req_h").request_id == "req_h");
}

TEST_CASE("a long message is cut") {
  const std::string body = R"({"error":{"message":")" + std::string(5000, 'x') + R"("}})";
  CHECK(parse_api_error(400, body, "").message.size() == kMaxApiMessage);
}
