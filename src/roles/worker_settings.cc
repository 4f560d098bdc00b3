#include "roles/worker_settings.h"

#include <utility>

namespace glovebox::roles {

namespace {

using codec::Json;

std::int64_t in_milliseconds(Duration duration) {
  return duration / milliseconds(1);
}

LogLevel log_level_of(std::int64_t number) {
  for (const LogLevel level : {LogLevel::debug, LogLevel::warning, LogLevel::error})
    if (number == static_cast<int>(level)) return level;
  return LogLevel::info;
}

class Fields {
 public:
  explicit Fields(const Json& document) : document_(document) {}

  std::string text(std::string_view key) {
    const std::string* value = document_.get_string(key);
    if (!value) miss(key);
    return value ? *value : std::string();
  }
  std::int64_t number(std::string_view key) {
    const auto value = document_.get_int(key);
    if (!value) miss(key);
    return value.value_or(0);
  }
  Duration duration(std::string_view key) { return milliseconds(number(key)); }
  Result<void> finish() const {
    if (missing_.empty()) return {};
    return Error(ErrorKind::protocol, "settings of the worker: no " + missing_);
  }

 private:
  void miss(std::string_view key) {
    if (missing_.empty()) missing_ = key;
  }
  const Json& document_;
  std::string missing_;
};

}  // namespace

Json WorkerRoleSettings::to_json() const {
  Json document = Json::object({{"base_url", base_url},
                                {"environment", environment},
                                {"worker_id", worker_id},
                                {"api_version", api_version},
                                {"user_agent", user_agent},
                                {"no_proxy", no_proxy},
                                {"ca_path", ca_path},
                                {"ca_pem", ca_pem},
                                {"max_sessions", static_cast<std::int64_t>(max_sessions)},
                                {"max_idle_ms", in_milliseconds(max_idle)},
                                {"drain_ms", in_milliseconds(drain)},
                                {"silence_ms", in_milliseconds(silence)},
                                {"log_format", static_cast<int>(log_format)},
                                {"log_level", static_cast<int>(log_level)}});
  if (proxy) document.as_object()->set("proxy", *proxy);
  if (claimed)
    document.as_object()->set(
        "claimed", Json::object({{"work", claimed->work}, {"session", claimed->session}}));
  return document;
}

Result<WorkerRoleSettings> WorkerRoleSettings::from_json(const Json& document) {
  Fields fields(document);
  WorkerRoleSettings settings;
  settings.base_url = fields.text("base_url");
  settings.environment = fields.text("environment");
  settings.worker_id = fields.text("worker_id");
  settings.api_version = fields.text("api_version");
  settings.user_agent = fields.text("user_agent");
  settings.no_proxy = fields.text("no_proxy");
  settings.ca_path = fields.text("ca_path");
  settings.ca_pem = fields.text("ca_pem");
  settings.max_sessions = static_cast<std::size_t>(fields.number("max_sessions"));
  settings.max_idle = fields.duration("max_idle_ms");
  settings.drain = fields.duration("drain_ms");
  settings.silence = fields.duration("silence_ms");
  settings.log_format = fields.number("log_format") == static_cast<int>(LogFormat::json)
                            ? LogFormat::json
                            : LogFormat::text;
  settings.log_level = log_level_of(fields.number("log_level"));
  TRY(fields.finish());
  if (const std::string* proxy = document.get_string("proxy")) settings.proxy = *proxy;
  if (const Json* item = document.get("claimed")) {
    Fields members(*item);
    settings.claimed = ClaimedItem{members.text("work"), members.text("session")};
    TRY(members.finish());
  }
  return settings;
}

}  // namespace glovebox::roles
