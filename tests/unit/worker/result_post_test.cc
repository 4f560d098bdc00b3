#include "worker/result_post.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "support.h"

using namespace glovebox;
using namespace glovebox::worker;

TEST_CASE("content as the API takes it: never an empty text") {
  struct Row {
    std::string name, content, blocks;
  };
  const std::string none = R"j([{"type":"text","text":"(no output)"}])j";
  const std::vector<Row> rows = {
      {"null", "null", none},
      {"an empty list", "[]", none},
      {"an empty string", R"("")", none},
      {"an empty text", R"([{"type":"text","text":""}])", none},
      {"a text without text", R"([{"type":"text"}])", none},
      {"a string", R"("hi")", R"([{"type":"text","text":"hi"}])"},
      {"a string in a list", R"(["hi"])", R"([{"type":"text","text":"hi"}])"},
      {"texts stay", R"([{"type":"text","text":"a"},{"type":"text","text":"b"}])",
       R"([{"type":"text","text":"a"},{"type":"text","text":"b"}])"},
      {"images stay", R"([{"type":"image","source":{"type":"base64"}}])",
       R"([{"type":"image","source":{"type":"base64"}}])"},
      {"an unknown kind", R"([{"type":"hologram","n":1}])",
       R"([{"type":"text","text":"{\"type\":\"hologram\",\"n\":1}"}])"},
      {"a number", "[7]", R"([{"type":"text","text":"7"}])"},
      {"one block without a list", R"({"type":"text","text":"a"})",
       R"([{"type":"text","text":"a"}])"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(codec::to_json(normal_content(*codec::parse_json(row.content))) == row.blocks);
  }
}

TEST_CASE("the body of a result, of the kind that its call has") {
  ToolCall call{.id = "sevt_1", .name = "bash", .input = "{}", .thread = "sthr_1"};
  CHECK(
      result_body(call, R"([{"type":"text","text":"a"}])", ResultKind::success) ==
      R"({"events":[{"type":"user.tool_result","tool_use_id":"sevt_1","is_error":false,"content":[{"type":"text","text":"a"}]}]})");
  call.kind = ToolCall::Kind::custom;
  CHECK(
      result_body(call, "not JSON", ResultKind::error) ==
      R"({"events":[{"type":"user.custom_tool_result","custom_tool_use_id":"sevt_1","is_error":true,"content":[{"type":"text","text":"not JSON"}]}]})");
}

TEST_CASE("what an answer to a post means") {
  using Step = ResultPost::Step;
  struct Row {
    std::string name;
    std::optional<int> status;
    Step step;
  };
  for (const Row& row : std::vector<Row>{{"refused", 400, Step::refused},
                                         {"not with this credential", 401, Step::gave_up},
                                         {"no right", 403, Step::refused},
                                         {"no session", 404, Step::refused},
                                         {"it is there already", 409, Step::refused},
                                         {"busy", 429, Step::retry},
                                         {"broken", 500, Step::retry},
                                         {"no answer", std::nullopt, Step::retry},
                                         {"taken", 200, Step::posted}}) {
    INFO(row.name);
    SameBytes random;
    ResultPost post(seconds(0), seconds(90));
    CHECK(post.answered(row.status, Duration::zero(), random, seconds(0)) == row.step);
  }
}

TEST_CASE("posts are retried within their window") {
  SameBytes random;
  ResultPost post(seconds(0), seconds(90));
  Duration now{};
  std::vector<Duration> waits;
  while (post.answered(503, Duration::zero(), random, now) == ResultPost::Step::retry) {
    waits.push_back(post.wait());
    now += post.wait();
    REQUIRE(waits.size() < 20);
  }
  CHECK(waits == std::vector<Duration>{seconds(1), seconds(2), seconds(4), seconds(8), seconds(16),
                                       seconds(30)});
}

TEST_CASE("the window of a post follows the lease") {
  SameBytes random;
  ResultPost post(seconds(0), seconds(5));
  CHECK(post.answered(503, Duration::zero(), random, seconds(0)) == ResultPost::Step::retry);
  post.set_window(seconds(60));
  CHECK(post.answered(503, Duration::zero(), random, seconds(5)) == ResultPost::Step::retry);
  post.set_window(seconds(5));
  CHECK(post.answered(503, Duration::zero(), random, seconds(6)) == ResultPost::Step::gave_up);
}

TEST_CASE("a post waits as long as the server says, within its window") {
  SameBytes random;
  ResultPost post(seconds(0), seconds(90));
  CHECK(post.answered(429, seconds(20), random, seconds(0)) == ResultPost::Step::retry);
  CHECK(post.wait() == seconds(20));
  INFO("its own wait, if that is longer");
  CHECK(post.answered(429, milliseconds(1), random, seconds(20)) == ResultPost::Step::retry);
  CHECK(post.wait() == seconds(2));
  CHECK(post.answered(429, seconds(60), random, seconds(40)) == ResultPost::Step::gave_up);
}
