#include "plane/environment_store.h"

#include <algorithm>
#include <cstddef>
#include <format>
#include <utility>

#include "base/result.h"
#include "plane/ids.h"

namespace glovebox::plane {
namespace {

constexpr std::size_t kMaxMetadataPairs = 16;
constexpr std::size_t kMaxMetadataKey = 64;
constexpr std::size_t kMaxMetadataValue = 512;
constexpr std::string_view kSelfHosted = "self_hosted";

ApiError bad_metadata(std::string message) {
  return invalid_request(std::move(message), "invalid_metadata");
}

}  // namespace

codec::Json Environment::to_json() const {
  return codec::Json::object(
      {{"id", id},
       {"type", "environment"},
       {"name", name},
       {"description", description ? codec::Json(*description) : codec::Json()},
       {"config", codec::Json::object({{"type", kSelfHosted}})},
       {"metadata", metadata},
       {"scope", "organization"},
       {"created_at", to_rfc3339(created)},
       {"updated_at", to_rfc3339(updated)},
       {"archived_at", time_json(archived)}});
}

Answer<codec::JsonObject> merged_metadata(const codec::JsonObject& metadata,
                                          const codec::Json* change, EmptyValue empty) {
  codec::JsonObject merged = metadata;
  if (change == nullptr || change->is_null()) return merged;
  if (!change->is_object()) return bad_metadata("metadata: must be an object of strings");
  for (const auto& [key, value] : *change->as_object()) {
    const std::string* text = value.as_string();
    if (value.is_null() || (text != nullptr && text->empty() && empty == EmptyValue::erases_key)) {
      merged.erase(key);
      continue;
    }
    if (text == nullptr) return bad_metadata(std::format("metadata.{}: must be a string", key));
    if (key.empty() || key.size() > kMaxMetadataKey)
      return bad_metadata(std::format("metadata: keys have 1 to {} characters", kMaxMetadataKey));
    if (text->size() > kMaxMetadataValue)
      return bad_metadata(
          std::format("metadata.{}: more than {} characters", key, kMaxMetadataValue));
    merged.set(key, *text);
  }
  if (merged.size() > kMaxMetadataPairs)
    return bad_metadata(std::format("metadata: more than {} pairs", kMaxMetadataPairs));
  return merged;
}

const Environment& EnvironmentStore::add_named(std::string id, std::string name) {
  const WallTime now = clock_.wall();
  environments_.push_back(
      {++last_number_, std::move(id), std::move(name), std::nullopt, {}, now, now, std::nullopt});
  return environments_.back();
}

Answer<const Environment*> EnvironmentStore::create(const codec::Json& body) {
  std::optional<std::string> name = TRY(string_field(body, "name"));
  if (!name || name->empty()) return invalid_request("name: is required");
  const codec::Json* config = body.get("config");
  const std::string* type = config != nullptr ? config->get_string("type") : nullptr;
  if (type == nullptr || *type != kSelfHosted)
    return invalid_request("config.type: this plane has only self_hosted environments");
  if (config->as_object()->size() != 1)
    return invalid_request("config: a self_hosted environment has no other field");
  const std::optional<std::string> scope = TRY(string_field(body, "scope"));
  if (scope && *scope != "organization") return invalid_request("scope: must be organization");
  std::optional<std::string> description = TRY(string_field(body, "description"));
  codec::JsonObject metadata =
      TRY(merged_metadata({}, body.get("metadata"), EmptyValue::keeps_key));
  const WallTime now = clock_.wall();
  environments_.push_back({++last_number_, make_id(random_, "env_"), *std::move(name),
                           std::move(description), std::move(metadata), now, now, std::nullopt});
  return &environments_.back();
}

Answer<Environment*> EnvironmentStore::find_mutable(std::string_view id) {
  const auto found = std::ranges::find(environments_, id, &Environment::id);
  if (found == environments_.end()) {
    ApiError error = not_found(std::format("environment {} not found", id));
    error.details = codec::Json::object({{"error_code", "environment_not_found"}});
    return error;
  }
  return &*found;
}

Answer<const Environment*> EnvironmentStore::find(std::string_view id) const {
  return TRY(const_cast<EnvironmentStore*>(this)->find_mutable(id));
}

Answer<const Environment*> EnvironmentStore::update(std::string_view id, const codec::Json& body) {
  Environment* environment = TRY(find_mutable(id));
  if (environment->archived)
    return invalid_request("the environment is archived", "environment_archived");
  if (const codec::Json* config = body.get("config"); config != nullptr && !config->is_null()) {
    const std::string* type = config->get_string("type");
    if (type == nullptr || *type != kSelfHosted)
      return invalid_request("config.type: cannot change", "invalid_config_type_change");
  }
  std::optional<std::string> name = TRY(string_field(body, "name"));
  if (name && name->empty()) return invalid_request("name: must not be empty");
  std::optional<std::string> description = TRY(string_field(body, "description"));
  codec::JsonObject metadata =
      TRY(merged_metadata(environment->metadata, body.get("metadata"), EmptyValue::erases_key));
  if (name) environment->name = *std::move(name);
  if (body.get("description") != nullptr) environment->description = std::move(description);
  environment->metadata = std::move(metadata);
  environment->updated = clock_.wall();
  return environment;
}

Answer<const Environment*> EnvironmentStore::archive(std::string_view id) {
  Environment* environment = TRY(find_mutable(id));
  if (!environment->archived) environment->archived = environment->updated = clock_.wall();
  return environment;
}

Answer<void> EnvironmentStore::remove(std::string_view id) {
  TRY(find_mutable(id));
  std::erase_if(environments_, [&](const Environment& each) { return each.id == id; });
  return {};
}

}  // namespace glovebox::plane
