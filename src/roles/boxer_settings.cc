#include "roles/boxer_settings.h"

#include <limits>
#include <utility>

namespace glovebox::roles {

namespace {

using codec::Json;
using codec::JsonArray;

// Reads members of one object; the first that is missing or of another type is remembered.
class Members {
 public:
  explicit Members(const Json& object) : object_(object) {}

  std::string text(std::string_view key) {
    const std::string* value = object_.get_string(key);
    if (value == nullptr) note(key);
    return value == nullptr ? std::string() : *value;
  }
  template <class T>
  T number(std::string_view key, T last = std::numeric_limits<T>::max()) {
    const auto value = object_.get_int(key);
    if (!value || *value < 0 || *value > static_cast<std::int64_t>(last)) {
      note(key);
      return T{};
    }
    return static_cast<T>(*value);
  }
  template <class E>
  E choice(std::string_view key, E last, E first = E{}) {
    const auto value = number<std::uint8_t>(key, static_cast<std::uint8_t>(last));
    if (value >= static_cast<std::uint8_t>(first)) return static_cast<E>(value);
    note(key);
    return first;
  }
  bool flag(std::string_view key) {
    const auto value = object_.get_bool(key);
    if (!value) note(key);
    return value.value_or(false);
  }
  const JsonArray& list(std::string_view key) {
    static const JsonArray none;
    const JsonArray* value = object_.get_array(key);
    if (value == nullptr) note(key);
    return value == nullptr ? none : *value;
  }
  Result<void> finish() const {
    if (bad_.empty()) return {};
    return Error(ErrorKind::protocol, "boxer settings: " + bad_);
  }

 private:
  void note(std::string_view key) {
    if (bad_.empty()) bad_ = key;
  }
  const Json& object_;
  std::string bad_;
};

}  // namespace

Json BoxerSettings::to_json() const {
  JsonArray filter_list, path_list, file_list;
  for (const FilterSource& file : policy_files)
    file_list.push_back(Json::object({{"name", file.name}, {"text", file.text}}));
  for (const FilterSource& filter : filters)
    filter_list.push_back(Json::object({{"name", filter.name}, {"text", filter.text}}));
  for (const std::string& path : protected_paths) path_list.emplace_back(path);
  return Json::object({
      {"policy_file", policy_file},
      {"policy_text", policy_text},
      {"policy_files", std::move(file_list)},
      {"filters", std::move(filter_list)},
      {"policy_digest", policy_digest},
      {"new_sessions", static_cast<std::uint8_t>(new_sessions)},
      {"sessions", sessions},
      {"trust", trust},
      {"watched", watched},
      {"work", work},
      {"workspace", static_cast<std::uint8_t>(workspace)},
      {"end", static_cast<std::uint8_t>(end)},
      {"seed", seed},
      {"keep_ms", keep / milliseconds(1)},
      {"call_slots", call_slots},
      {"warm_sessions", warm_sessions},
      {"caller", static_cast<std::uint8_t>(caller)},
      {"first_id", first_id},
      {"last_id", last_id},
      {"protected_paths", std::move(path_list)},
      {"kernel", host.kernel},
      {"rung", static_cast<std::uint8_t>(host.rung)},
      {"root", host.root},
      {"uid", host.uid},
      {"gid", host.gid},
      {"landlock_abi", host.landlock_abi},
      {"call_reports", call_reports},
      {"cgroups", static_cast<std::uint8_t>(host.cgroups)},
      {"processors", host.processors},
      {"group_mode", static_cast<std::uint8_t>(groups.mode)},
      {"group_memory", groups.memory},
      {"group_pids", groups.pids},
  });
}

Result<BoxerSettings> BoxerSettings::from_json(const Json& document) {
  Members members(document);
  BoxerSettings settings;
  settings.policy_file = members.text("policy_file");
  settings.policy_text = members.text("policy_text");
  for (const auto& [key, texts] : {std::pair{"policy_files", &settings.policy_files},
                                   std::pair{"filters", &settings.filters}}) {
    for (const Json& element : members.list(key)) {
      Members of_text(element);
      texts->push_back({of_text.text("name"), of_text.text("text")});
      TRY(of_text.finish());
    }
  }
  settings.policy_digest = members.text("policy_digest");
  settings.new_sessions = members.choice("new_sessions", Sessions::refused);
  settings.sessions = members.text("sessions");
  settings.trust = members.text("trust");
  settings.watched = members.flag("watched");
  settings.work = members.text("work");
  settings.workspace = members.choice("workspace", WorkspaceMode::shared);
  settings.end = members.choice("end", SessionEnd::remove);
  settings.seed = members.text("seed");
  settings.keep = milliseconds(members.number<std::int64_t>("keep_ms"));
  settings.call_slots = members.number<std::uint32_t>("call_slots");
  settings.warm_sessions = members.number<std::uint32_t>("warm_sessions");
  settings.caller = members.choice("caller", CallerKind::command);
  settings.first_id = members.number<std::uint32_t>("first_id");
  settings.last_id = members.number<std::uint32_t>("last_id");
  for (const Json& path : members.list("protected_paths")) {
    if (path.as_string() == nullptr) return Error(ErrorKind::protocol, "boxer settings: path");
    settings.protected_paths.push_back(*path.as_string());
  }
  settings.host.kernel = members.text("kernel");
  settings.host.rung =
      members.choice("rung", box::Rung::without_user_namespaces, box::Rung::unprivileged);
  settings.host.root = members.flag("root");
  settings.host.uid = members.number<std::uint32_t>("uid");
  settings.host.gid = members.number<std::uint32_t>("gid");
  settings.host.landlock_abi = members.number<int>("landlock_abi");
  settings.call_reports = members.flag("call_reports");
  settings.host.cgroups = members.choice("cgroups", box::CgroupMode::v2_bare);
  settings.host.processors = members.number<std::uint32_t>("processors");
  settings.groups.mode = members.choice("group_mode", box::CgroupMode::v2_bare);
  settings.groups.memory = members.text("group_memory");
  settings.groups.pids = members.text("group_pids");
  TRY(members.finish());
  return settings;
}

}  // namespace glovebox::roles
