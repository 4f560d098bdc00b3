#include "plane/plane.h"

#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "codec/base64.h"
#include "codec/http_head.h"
#include "fakes.h"

namespace glovebox::plane {
namespace {

constexpr const char* kCall = R"({"type":"agent.tool_use","name":"bash","input":{}})";

std::string token_of(const codec::Json& item) {
  const std::string* secret = item.get_string("secret");
  const Result<std::string> plain = codec::base64url_decode(secret != nullptr ? *secret : "");
  const codec::Json decoded = plain ? json(*plain) : codec::Json();
  const std::string* token = decoded.get_string("sessions_token");
  return token != nullptr ? *token : "";
}

// A session with a claimed item.
struct Claimed : Bench {
  explicit Claimed(PlaneSettings settings = {}) : Bench(std::move(settings)) {
    id = session(R"({"brain":"manual"})");
    item = ask("GET", queue("/poll"), "", key());
    work = *item.get_string("id");
    token = token_of(item);
    call("POST", queue("/" + work + "/ack"), "", key());
  }
  std::vector<std::string> emit(const std::string& events) {
    const codec::Json made =
        ask("POST", "/_plane/sessions/" + id + "/emit", R"({"events":[)" + events + "]}");
    std::vector<std::string> ids;
    for (const codec::Json& each : *made.get_array("ids")) ids.push_back(*each.as_string());
    return ids;
  }
  std::string events() const { return "/v1/sessions/" + id + "/events"; }
  static std::string result(const std::string& call) {
    return R"({"events":[{"type":"user.tool_result","tool_use_id":")" + call + R"("}]})";
  }

  std::string id;
  codec::Json item;
  std::string work;
  std::string token;
};

}  // namespace

TEST_CASE("requests without version, credential or beta are refused in that order", "[plane]") {
  Bench bench;
  Request request = Bench::request("GET", "/v1/sessions", "sk-unknown");
  request.headers = {{"x-api-key", "sk-unknown"}};
  CHECK(bench.reply(request).status == 400);
  request.headers.push_back({"anthropic-version", "yesterday"});
  CHECK(bench.reply(request).status == 400);
  request.headers.back().value = "2023-06-01";
  CHECK(bench.reply(request).status == 401);
  request.headers[0].value = kApiKey;
  CHECK(bench.reply(request).status == 404);
  request.headers.push_back({"anthropic-beta", "other,  managed-agents-2026-04-01"});
  CHECK(bench.reply(request).status == 200);
}

TEST_CASE("an error has the envelope and a request id", "[plane]") {
  Bench bench;
  const Reply reply = bench.call("GET", "/v1/skills/s/versions/latest");
  CHECK(reply.status == 404);
  const codec::Json body = json(reply.body);
  CHECK(*body.get_string("type") == "error");
  CHECK(error_type(reply) == "not_found_error");
  bool header = false;
  for (const Header& each : reply.headers)
    header = header || (each.name == "request-id" && each.value == *body.get_string("request_id"));
  CHECK(header);
}

TEST_CASE("each credential reaches what the table allows", "[plane]") {
  const std::string environment = "/v1/environments/" + std::string(kFirstEnvironment);
  const std::string work = environment + "/work";
  const std::string item = work + "/WORK";
  const std::string session = "/v1/sessions/SESSION";
  struct Row {
    const char* method;
    std::string path;
    const char* body;
    bool api_key, environment_key, token;
  };
  for (const Row& row : {
           Row{"GET", work + "/poll", "", false, true, false},
           Row{"POST", item + "/ack", "", false, true, true},
           Row{"POST", item + "/heartbeat", "", false, true, true},
           Row{"GET", work, "", true, true, false},
           Row{"GET", work + "/stats", "", true, true, false},
           Row{"GET", item, "", true, false, false},
           Row{"POST", item, "{}", true, false, false},
           Row{"GET", session, "", true, true, true},
           Row{"GET", session + "/events", "", true, true, true},
           Row{"GET", session + "/events/stream", "", true, true, true},
           Row{"POST", session + "/events", R"({"events":[{"type":"user.interrupt"}]})", true, true,
               true},
           Row{"POST", session, "{}", true, false, false},
           Row{"GET", session + "/threads", "", true, false, false},
           Row{"POST", session + "/archive", "", true, false, false},
           Row{"DELETE", session, "", true, false, false},
           Row{"GET", "/v1/sessions", "", true, false, false},
           Row{"POST", "/v1/sessions", "{}", true, false, false},
           Row{"GET", "/v1/environments", "", true, false, false},
           Row{"GET", environment, "", true, false, false},
           Row{"DELETE", environment, "", true, false, false},
           Row{"POST", item + "/stop", "{}", true, true, true},
       }) {
    for (int who = 0; who < 3; ++who) {
      Claimed bench;  // anew: what is allowed may end the thing it acts on
      const std::string credentials[] = {std::string(kApiKey), bench.key(), bench.token};
      const bool allowed = who == 0 ? row.api_key : who == 1 ? row.environment_key : row.token;
      std::string path = row.path;
      if (const std::size_t at = path.find("WORK"); at != std::string::npos)
        path.replace(at, 4, bench.work);
      if (const std::size_t at = path.find("SESSION"); at != std::string::npos)
        path.replace(at, 7, bench.id);
      INFO(row.method << " " << path << " with " << credentials[who]);
      const Outcome outcome =
          bench.handle(Bench::request(row.method, path, credentials[who], row.body), Attempt::last);
      const Reply* reply = std::get_if<Reply>(&outcome);
      CHECK((reply != nullptr && reply->status == 403) == !allowed);
    }
  }
}

TEST_CASE("a credential does not reach into another environment or session", "[plane]") {
  Claimed bench;
  const std::string other =
      *bench.ask("POST", "/v1/environments", R"({"name":"o","config":{"type":"self_hosted"}})")
           .get_string("id");
  const std::string stranger = environment_key(other);
  CHECK(bench.call("GET", bench.queue("/poll"), "", stranger).status == 403);
  CHECK(bench.call("GET", bench.events(), "", stranger).status == 404);
  const std::string second = bench.session();
  CHECK(bench.call("GET", "/v1/sessions/" + second, "", bench.token).status == 404);
  const std::string next =
      *bench.ask("GET", bench.queue("/poll"), "", bench.key()).get_string("id");
  CHECK(bench.call("POST", bench.queue("/" + next + "/ack"), "", bench.token).status == 403);
}

TEST_CASE("polls outside their limits are refused", "[plane]") {
  Bench bench;
  for (const char* query : {"?block_ms=0", "?block_ms=1000", "?block_ms=x", "?block_ms=-1",
                            "?reclaim_older_than_ms=-1"}) {
    INFO(query);
    CHECK(bench.call("GET", bench.queue("/poll") + query, "", bench.key()).status == 400);
  }
}

TEST_CASE("a blocking poll waits for work and no longer than it was told", "[plane]") {
  Bench bench;
  const Request poll = Bench::request("GET", bench.queue("/poll?block_ms=999"), bench.key());
  const Outcome first = bench.handle(poll);
  REQUIRE(std::holds_alternative<Blocked>(first));
  CHECK(std::get<Blocked>(first).wait == milliseconds(999));
  CHECK(std::holds_alternative<Blocked>(bench.handle(poll, Attempt::again)));
  bench.session();
  const Outcome found = bench.handle(poll, Attempt::again);
  REQUIRE(std::holds_alternative<Reply>(found));
  CHECK(json(std::get<Reply>(found).body).get_string("id") != nullptr);
  const Outcome last = bench.handle(poll, Attempt::last);
  CHECK(std::get<Reply>(last).body == "null");
}

TEST_CASE("every form of an empty poll and of a secret", "[plane]") {
  const auto poll = [](Bench& bench) {
    return bench.call("GET", bench.queue("/poll"), "", bench.key());
  };
  Bench bench;
  const auto set = [&](const char* settings) {
    return bench.call("POST", "/_plane/settings", settings).status;
  };
  CHECK(set(R"({"empty_poll":"204"})") == 200);
  CHECK(poll(bench).status == 204);
  CHECK(set(R"({"empty_poll":"empty"})") == 200);
  CHECK(poll(bench).body.empty());
  CHECK(set(R"({"empty_poll":"none"})") == 400);
  for (const char* form : {"none", "garbage", "empty_token"}) {
    INFO(form);
    CHECK(set((R"({"secret":")" + std::string(form) + "\"}").c_str()) == 200);
    bench.session();
    CHECK(token_of(json(poll(bench).body)).empty());
  }
  CHECK(set(R"({"secret":"with_base_url"})") == 200);
  bench.plane.set_base_url("http://127.0.0.1:1");
  bench.session();
  const codec::Json item = json(poll(bench).body);
  CHECK(codec::base64url_decode(*item.get_string("secret"))->contains("http://127.0.0.1:1"));
}

TEST_CASE("a message to a session with a live item queues no second one", "[plane]") {
  Claimed bench;
  const std::string message =
      R"({"events":[{"type":"user.message","content":[{"type":"text","text":"x"}]}]})";
  const auto items = [&] { return bench.ask("GET", bench.queue("")).get_array("data")->size(); };
  CHECK(bench.call("POST", bench.events(), message).status == 200);
  CHECK(items() == 1);
  bench.call("POST", bench.queue("/" + bench.work + "/stop"), R"({"force":true})");
  CHECK(bench.call("POST", bench.events(), message).status == 200);
  CHECK(items() == 2);
  INFO("an interrupt queues one as well");
  Claimed other;
  other.call("POST", other.queue("/" + other.work + "/stop"), R"({"force":true})");
  other.call("POST", other.events(), R"({"events":[{"type":"user.interrupt"}]})");
  CHECK(other.ask("GET", other.queue("")).get_array("data")->size() == 2);
}

TEST_CASE("a stream gives what happens after it opened, once", "[plane]") {
  Claimed bench;
  const Outcome outcome =
      bench.handle(Bench::request("GET", bench.events() + "/stream", bench.token));
  REQUIRE(std::holds_alternative<EventStream>(outcome));
  EventStream stream = std::get<EventStream>(outcome);
  CHECK(bench.plane.read(stream).frames.empty());
  bench.emit(kCall);
  const StreamRead read = bench.plane.read(stream);
  REQUIRE(read.frames.size() == 2);
  CHECK(read.frames[0].starts_with("event: agent.tool_use\ndata: {"));
  CHECK(read.frames[1].starts_with("event: session.status_idle\n"));
  CHECK(bench.plane.read(stream).frames.empty());
  CHECK(bench.call("GET", bench.events() + "/stream?event_deltas[]=user.message").status == 400);
  bench.call("DELETE", "/v1/sessions/" + bench.id);
  const StreamRead last = bench.plane.read(stream);
  CHECK(last.ended);
  CHECK(last.frames.size() == 1);
}

TEST_CASE("faults replace, lose and delay answers", "[plane]") {
  Claimed bench;
  const auto fault = [&](const std::string& rule) {
    bench.call("DELETE", "/_plane/faults");
    CHECK(bench.call("POST", "/_plane/faults", rule).status == 200);
  };
  const auto results = [&] {
    return bench.ask("GET", bench.events() + "?types[]=user.tool_result").get_array("data")->size();
  };
  const std::vector<std::string> calls = bench.emit(std::string(kCall) + "," + kCall);

  fault(R"({"route":"events.send","status":529})");
  const Reply overloaded =
      bench.call("POST", bench.events(), Claimed::result(calls[0]), bench.token);
  CHECK(overloaded.status == 529);
  CHECK(error_type(overloaded) == "overloaded_error");
  INFO("the request was not done");
  CHECK(results() == 0);

  fault(R"({"route":"events.send","status":500,"applied":true})");
  CHECK(bench.call("POST", bench.events(), Claimed::result(calls[0]), bench.token).status == 500);
  CHECK(results() == 1);

  fault(R"({"route":"events.send","cut":"before"})");
  const Handled cut = bench.plane.handle(
      Bench::request("POST", bench.events(), bench.token, Claimed::result(calls[1])),
      Attempt::first);
  CHECK(cut.fault->cut == Cut::before);
  CHECK(results() == 1);

  fault(R"({"route":"work.heartbeat","lose_lease":true})");
  const Reply lost = bench.call(
      "POST", bench.queue("/" + bench.work + "/heartbeat?expected_last_heartbeat=NO_HEARTBEAT"), "",
      bench.token);
  CHECK(lost.status == 412);

  fault(R"({"route":"work.ack","force_stop":true})");
  CHECK(bench.call("POST", bench.queue("/" + bench.work + "/ack"), "", bench.key()).status == 409);
}

TEST_CASE("the trace shows requests and no credential", "[plane]") {
  Claimed bench;
  bench.call("GET", "/v1/nothing");
  const codec::Json trace = bench.ask("GET", "/_plane/trace");
  REQUIRE(trace.as_array()->size() == 4);
  const codec::Json& poll = (*trace.as_array())[1];
  CHECK(*poll.get_string("route") == "work.poll");
  CHECK(*poll.get_string("credential") == "environment_key");
  CHECK(poll.get_int("status") == 200);
  CHECK_FALSE(codec::to_json(trace).contains("sk-ant"));
  CHECK((*trace.as_array())[3].get_int("status") == 404);
  CHECK(bench.ask("GET", "/_plane/trace?after=3").as_array()->size() == 1);
  bench.call("DELETE", "/_plane/trace");
  CHECK(bench.ask("GET", "/_plane/trace").as_array()->empty());
}

TEST_CASE("sessions that cannot be made", "[plane]") {
  Bench bench;
  struct Row {
    const char* body;
    int status;
  };
  for (
      const Row& row : {
          Row{"", 400},
          Row{"[]", 400},
          Row{"{", 400},
          Row{R"({"agent":"a"})", 400},
          Row{R"({"agent":"a","environment_id":"env_none"})", 404},
          Row{R"({"environment_id":"env_plane_rehearsal"})", 400},
          Row{R"({"agent":"","environment_id":"env_plane_rehearsal"})", 400},
          Row{R"({"agent":{"tools":1},"environment_id":"env_plane_rehearsal"})", 400},
          Row{R"({"agent":"a","environment_id":"env_plane_rehearsal","title":1})", 400},
          Row{R"({"agent":"a","environment_id":"env_plane_rehearsal","resources":[{"type":"file"}]})",
              400},
          Row{R"({"agent":"a","environment_id":"env_plane_rehearsal","resources":[{"type":"memory_store"}]})",
              400},
          Row{R"({"agent":"a","environment_id":"env_plane_rehearsal","initial_events":[{"type":"user.interrupt"}]})",
              400},
      }) {
    INFO(row.body);
    CHECK(bench.call("POST", "/v1/sessions", row.body).status == row.status);
  }
  CHECK(bench.ask("GET", "/v1/sessions").get_array("data")->empty());
}

TEST_CASE("session lists lead forward and back", "[plane]") {
  Bench bench;
  std::vector<std::string> made;
  for (int i = 0; i < 5; ++i) made.push_back(bench.session());
  const codec::Json first = bench.ask("GET", "/v1/sessions?limit=2");
  CHECK(*(*first.get_array("data"))[0].get_string("id") == made[4]);
  CHECK(first.get("prev_page")->is_null());
  const codec::Json second =
      bench.ask("GET", "/v1/sessions?limit=2&page=" + *first.get_string("next_page"));
  CHECK(*(*second.get_array("data"))[0].get_string("id") == made[2]);
  const codec::Json back =
      bench.ask("GET", "/v1/sessions?limit=2&page=" + *second.get_string("prev_page"));
  CHECK(*back.get("data") == *first.get("data"));
  bench.call("POST", "/v1/sessions/" + made[0] + "/archive");
  CHECK(bench.ask("GET", "/v1/sessions?statuses[]=terminated").get_array("data")->empty());
  CHECK(bench.ask("GET", "/v1/sessions?statuses[]=terminated&include_archived=true")
            .get_array("data")
            ->size() == 1);
}

TEST_CASE("an answer is replaced by a body", "[plane]") {
  Claimed bench;
  bench.call("POST", "/_plane/faults",
             R"([{"route":"events.list","body":"{\"data\":7}"},)"
             R"({"route":"events.list","body":"x","status":409}])");
  const Reply replaced = bench.call("GET", bench.events());
  CHECK(replaced.status == 200);
  CHECK(replaced.body == R"({"data":7})");
  const Reply with_status = bench.call("GET", bench.events());
  CHECK(with_status.status == 409);
  CHECK(with_status.body == "x");
  CHECK(bench.call("GET", bench.events()).body.contains("user.message"));
}

TEST_CASE("a request is done before its answer is replaced, or not at all", "[plane]") {
  for (const bool applied : {false, true}) {
    INFO(applied);
    Claimed bench;
    const std::string call = bench.emit(kCall)[0];
    bench.call("POST", "/_plane/faults",
               std::string(R"({"route":"events.send","body":"","applied":)") +
                   (applied ? "true}" : "false}"));
    CHECK(bench.call("POST", bench.events(), Claimed::result(call), bench.token).status == 200);
    CHECK(bench.call("POST", bench.events(), Claimed::result(call), bench.token).status ==
          (applied ? 400 : 200));
  }
}

TEST_CASE("a history and a stream show disturbed events", "[plane]") {
  Claimed bench;
  const Request open = Bench::request("GET", bench.events() + "/stream", bench.token);
  bench.call(
      "POST", "/_plane/faults",
      R"([{"route":"events.list","events":{"omit":["user.message"],"repeat":2}},)"
      R"({"route":"events.stream","events":{"omit":["session.status_idle"],"reverse":true}}])");
  EventStream stream = std::get<EventStream>(bench.handle(open));
  EventStream undisturbed = std::get<EventStream>(bench.handle(open));
  bench.emit(std::string(kCall) + R"(,{"type":"agent.message"})");
  const StreamRead read = bench.plane.read(stream);
  REQUIRE(read.frames.size() == 2);
  CHECK(read.frames[0].starts_with("event: agent.message\n"));
  CHECK(read.frames[1].starts_with("event: agent.tool_use\n"));
  CHECK(bench.plane.read(undisturbed).frames.size() == 3);
  const std::string twice = bench.history(bench.id);
  CHECK_FALSE(twice.contains("user.message"));
  CHECK(twice.contains("agent.tool_use agent.tool_use"));
  CHECK(bench.history(bench.id).contains("user.message"));
}

TEST_CASE("retry-after can be a date", "[plane]") {
  Bench bench;
  bench.call("POST", "/_plane/faults",
             R"({"route":"sessions.list","status":429,"retry_after_date":90})");
  std::string date;
  for (const Header& header : bench.call("GET", "/v1/sessions").headers)
    if (header.name == "retry-after") date = header.value;
  const auto wait = codec::retry_delay(std::nullopt, date, bench.clock.wall());
  REQUIRE(wait);
  CHECK(*wait > seconds(88));
  CHECK(*wait <= seconds(90));
}

TEST_CASE("a rotated key is refused, and tokens when they are revoked", "[plane]") {
  Claimed bench;
  const std::string rotate =
      "/_plane/environments/" + std::string(kFirstEnvironment) + "/rotate_key";
  CHECK(bench.call("POST", rotate, R"({"tokens":"x"})").status == 400);
  CHECK(bench.call("POST", "/_plane/environments/none/rotate_key").status == 404);
  const codec::Json rotated = bench.ask("POST", rotate);
  const std::string key = *rotated.get_string("environment_key");
  CHECK(bench.call("GET", bench.queue("/poll"), "", bench.key()).status == 401);
  CHECK(bench.call("GET", bench.queue("/poll"), "", key).status == 200);
  CHECK(bench.call("GET", bench.events(), "", bench.token).status == 200);
  bench.call("POST", rotate, R"({"tokens":"revoke"})");
  CHECK(bench.call("GET", bench.events(), "", bench.token).status == 401);
}

}  // namespace glovebox::plane
