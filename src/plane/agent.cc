#include "plane/agent.h"

#include <cstddef>
#include <format>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace glovebox::plane {
namespace {

constexpr std::size_t kMaxStores = 8;

codec::Json plain_agent() {
  return codec::Json::object(
      {{"id", "agent_plane"},
       {"type", "agent"},
       {"version", 1},
       {"name", "rehearsal"},
       {"description", codec::Json()},
       {"system", codec::Json()},
       {"model", codec::Json::object({{"id", "rehearsal"}})},
       {"skills", codec::Json::array()},
       {"tools", codec::Json::array({codec::Json::object({{"type", "agent_toolset_20260401"}})})},
       {"mcp_servers", codec::Json::array()},
       {"multiagent", codec::Json()},
       {"execution_identity", codec::Json()}});
}

}  // namespace

Answer<codec::Json> agent_snapshot(const codec::Json& body) {
  const codec::Json* given = body.get("agent");
  if (given == nullptr || given->is_null()) return invalid_request("agent: is required");
  codec::Json agent = plain_agent();
  codec::JsonObject& fields = *agent.as_object();
  if (const std::string* id = given->as_string()) {
    if (id->empty()) return invalid_request("agent: must not be empty");
    fields.set("id", *id);
    return agent;
  }
  if (!given->is_object()) return invalid_request("agent: must be an id or an object");
  for (const auto& [name, value] : *given->as_object()) {
    codec::Json* field = fields.find(name);
    if (field == nullptr || name == "type" || value.is_null()) continue;
    if (field->is_array() && !value.is_array())
      return invalid_request(std::format("agent.{}: must be an array", name));
    *field = value;
  }
  return agent;
}

Answer<codec::JsonArray> session_resources(const codec::Json& body,
                                           const Environment& environment) {
  codec::JsonArray resources;
  const codec::Json* given = body.get("resources");
  if (given == nullptr || given->is_null()) return resources;
  if (!given->is_array()) return invalid_request("resources: must be an array");
  for (const codec::Json& each : *given->as_array()) {
    const std::string* type = each.get_string("type");
    if (type == nullptr) return invalid_request("resources: each has a type");
    if (*type != "memory_store")
      return invalid_request(
          std::format("resources: {} is not supported on the self-hosted environment {}", *type,
                      environment.id));
    const std::string* store = each.get_string("memory_store_id");
    if (store == nullptr) return invalid_request("resources: memory_store_id is required");
    codec::Json resource = each;
    codec::JsonObject& fields = *resource.as_object();
    if (!fields.contains("access")) fields.set("access", "read_write");
    if (!fields.contains("mount_path")) fields.set("mount_path", "/mnt/memory/" + *store);
    resources.push_back(std::move(resource));
  }
  if (resources.size() > kMaxStores)
    return invalid_request(std::format("resources: more than {} memory stores", kMaxStores));
  return resources;
}

}  // namespace glovebox::plane
