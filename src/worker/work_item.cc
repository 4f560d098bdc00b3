#include "worker/work_item.h"

#include <utility>

namespace glovebox::worker {

namespace {

using codec::Json;

std::string text_of(const Json& json, std::string_view key) {
  const std::string* text = json.get_string(key);
  return text ? *text : std::string();
}

bool is_blank(std::string_view body) {
  return body.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

class Unserved {
 public:
  explicit Unserved(std::vector<std::string>& names) : names_(names) {}

  void add_skills(const Json* agent) {
    const codec::JsonArray* skills = agent ? agent->get_array("skills") : nullptr;
    if (!skills) return;
    for (const Json& skill : *skills) add("skill " + text_of(skill, "skill_id"));
  }
  void add_agents(const Json* agents) {
    const codec::JsonArray* list = agents ? agents->as_array() : nullptr;
    if (!list) return;
    for (const Json& agent : *list) add_skills(&agent);
  }
  void add(std::string name) {
    if (names_.size() >= kMaxUnserved) return;
    for (const std::string& known : names_)
      if (known == name) return;
    names_.push_back(std::move(name));
  }

 private:
  std::vector<std::string>& names_;
};

// The coordinator's `agents`, or those of the newer form's advisor, subagents and workflows.
void add_roster(Unserved& unserved, const Json* multiagent) {
  if (!multiagent) return;
  unserved.add_agents(multiagent->get("agents"));
  for (const std::string_view part : {"advisor", "subagents", "workflows"}) {
    const Json* member = multiagent->get(part);
    if (!member) continue;
    unserved.add_skills(member);
    unserved.add_agents(member);
    unserved.add_agents(member->get("predefined_agents"));
  }
}

}  // namespace

Result<std::optional<WorkItem>> parse_poll_answer(std::string_view body) {
  if (is_blank(body)) return std::nullopt;
  Json json = TRY_CONTEXT(codec::parse_json(body), "poll answer");
  if (json.is_null()) return std::nullopt;
  WorkItem item;
  item.id = text_of(json, "id");
  if (item.id.empty()) return Error(ErrorKind::protocol, "poll answer: no work id");
  item.environment = text_of(json, "environment_id");
  if (codec::JsonObject* members = json.as_object())
    if (Json* secret = members->find("secret"))
      if (std::string* text = secret->as_string()) item.secret = std::move(*text);
  const Json* data = json.get("data");
  if (!data) return item;
  item.target = text_of(*data, "id");
  const std::string* type = data->get_string("type");
  // The type is optional in the health check's form.
  if (!type || *type == "healthcheck") {
    item.kind = data->is_object() ? WorkKind::health_check : WorkKind::unknown;
  } else if (*type == "session" && !item.target.empty()) {
    item.kind = WorkKind::session;
  }
  return item;
}

std::string parse_acknowledged(std::string_view body) {
  const auto json = codec::parse_json(body);
  return json && json->is_object() ? text_of(*json, "acknowledged_at") : std::string();
}

Result<WorkPage> parse_work_page(std::string_view body, std::string_view work) {
  const Json json = TRY_CONTEXT(codec::parse_json(body), "list of work");
  const codec::JsonArray* items = json.get_array("data");
  if (!items) return Error(ErrorKind::protocol, "list of work: no data");
  WorkPage page{.holder = {}, .next = text_of(json, "next_page")};
  for (const Json& item : *items) {
    if (!item.is_object() || text_of(item, "id") != work) continue;
    // One id twice says nothing about who has it.
    if (page.holder) return Error(ErrorKind::protocol, "list of work: an item is there twice");
    page.holder = WorkHolder{text_of(item, "state"), text_of(item, "acknowledged_at")};
  }
  return page;
}

Result<SessionSnapshot> parse_session(std::string_view body) {
  const Json json = TRY_CONTEXT(codec::parse_json(body), "session");
  SessionSnapshot session;
  session.id = text_of(json, "id");
  if (session.id.empty()) return Error(ErrorKind::protocol, "session: no id");
  session.environment = text_of(json, "environment_id");
  session.terminated = text_of(json, "status") == "terminated";
  Unserved unserved(session.unserved);
  if (const Json* agent = json.get("agent")) {
    session.agent = text_of(*agent, "id");
    unserved.add_skills(agent);
    add_roster(unserved, agent->get("multiagent"));
  }
  if (const codec::JsonArray* resources = json.get_array("resources")) {
    for (const Json& resource : *resources) {
      if (text_of(resource, "type") == "memory_store")
        unserved.add("memory store " + text_of(resource, "memory_store_id"));
    }
  }
  return session;
}

}  // namespace glovebox::worker
