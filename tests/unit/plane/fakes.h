// A clock that moves when told, and randomness that counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/units.h"
#include "codec/json.h"
#include "plane/credential.h"
#include "plane/message.h"
#include "plane/plane.h"

namespace glovebox::plane {

class FakeClock final : public Clock {
 public:
  WallTime wall() const override { return {kStart + now_.count() / 1000}; }
  Duration boot() const override { return now_; }
  Duration monotonic() const override { return now_; }
  void pass(Duration time) { now_ += time; }

 private:
  static constexpr std::int64_t kStart = 1'795'600'000'000'000;
  Duration now_{0};
};

class CountingRandom final : public Random {
 public:
  void fill(std::span<std::byte> out) override {
    ++next_;
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<std::byte>(next_ >> (8 * (i % 8)));
  }

 private:
  std::uint64_t next_ = 0;
};

inline codec::Json json(std::string_view text) {
  Result<codec::Json> value = codec::parse_json(text);
  return value ? *value : codec::Json("not JSON: " + std::string(text));
}

// A plane and a client that knows its manners.
struct Bench {
  explicit Bench(PlaneSettings settings = {}, Rehearsals rehearsals = {})
      : plane(clock, random, std::move(settings), std::move(rehearsals)) {}

  static Request request(std::string method, std::string target, std::string credential,
                         std::string body = "") {
    const codec::Target parts = codec::split_target(target);
    Request made;
    made.method = std::move(method);
    made.path = parts.path;
    made.query = *codec::parse_query(parts.query);
    made.headers = {{"authorization", "Bearer " + credential},
                    {"anthropic-version", "2026-10-21"},
                    {"anthropic-beta", "managed-agents-2026-04-01"}};
    made.body = std::move(body);
    return made;
  }

  Outcome handle(const Request& request, Attempt attempt = Attempt::first) {
    return plane.handle(request, attempt).outcome;
  }
  Reply reply(const Request& request) {
    Outcome outcome = handle(request);
    if (std::holds_alternative<Blocked>(outcome)) outcome = handle(request, Attempt::last);
    Reply* made = std::get_if<Reply>(&outcome);
    return made != nullptr ? *made : Reply{-1, {}, ""};
  }
  // With the API key, unless another credential is given.
  Reply call(std::string method, std::string target, std::string body = "",
             std::string credential = std::string(kApiKey)) {
    return reply(
        request(std::move(method), std::move(target), std::move(credential), std::move(body)));
  }
  codec::Json ask(std::string method, std::string target, std::string body = "",
                  std::string credential = std::string(kApiKey)) {
    return json(
        call(std::move(method), std::move(target), std::move(body), std::move(credential)).body);
  }
  std::string key() const { return environment_key(kFirstEnvironment); }
  std::string queue(std::string_view rest) const {
    return "/v1/environments/" + std::string(kFirstEnvironment) + "/work" + std::string(rest);
  }
  // The id of a new session with this metadata and one message.
  std::string session(std::string_view metadata = "{}") {
    const codec::Json made = ask(
        "POST", "/v1/sessions",
        R"({"agent":"a","environment_id":"env_plane_rehearsal","metadata":)" +
            std::string(metadata) +
            R"(,"initial_events":[{"type":"user.message","content":[{"type":"text","text":"go"}]}]})");
    const std::string* id = made.get_string("id");
    return id != nullptr ? *id : "no session: " + codec::to_json(made);
  }
  // The types of a session's events, joined with spaces; those from `from` on, counted from 0.
  std::string history(const std::string& session, std::size_t from = 0) {
    const codec::Json page = ask("GET", "/v1/sessions/" + session + "/events?limit=1000");
    std::string types;
    const codec::JsonArray* data = page.get_array("data");
    if (data == nullptr) return codec::to_json(page);
    for (std::size_t i = from; i < data->size(); ++i)
      types += (types.empty() ? "" : " ") + *(*data)[i].get_string("type");
    return types;
  }

  FakeClock clock;
  CountingRandom random;
  Plane plane;
};

inline std::string error_type(const Reply& reply) {
  const codec::Json body = json(reply.body);
  const codec::Json* error = body.get("error");
  const std::string* type = error != nullptr ? error->get_string("type") : nullptr;
  return type != nullptr ? *type : "";
}

}  // namespace glovebox::plane
