#include "policy/schema.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "policy/keys.h"

namespace glovebox::policy {

namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

constexpr std::array<std::pair<Place, std::string_view>, 20> kPlaces = {{
    {Place::policy, "policy"},     {Place::included, "included"}, {Place::test_file, "test_file"},
    {Place::cap_file, "cap_file"}, {Place::bind, "bind"},         {Place::profile, "profile"},
    {Place::cap, "cap"},           {Place::mount, "mount"},       {Place::limits, "limits"},
    {Place::limit, "limit"},       {Place::audit, "audit"},       {Place::deny, "deny"},
    {Place::egress, "egress"},     {Place::approve, "approve"},   {Place::when, "when"},
    {Place::secret, "secret"},     {Place::tool, "tool"},         {Place::mcp, "mcp"},
    {Place::test, "test"},         {Place::who, "who"},
}};

std::string_view name_of(Place place) {
  for (const auto& [known, name] : kPlaces)
    if (known == place) return name;
  return {};
}

Json type(std::string_view name) {
  return Json::object({{"type", name}});
}

Json quantity_form() {
  return Json::object({{"type", "string"}, {"pattern", "^[0-9]+(ms|s|m|h|B|KiB|MiB|GiB)$"}});
}

Json integer_form(std::int64_t least, std::int64_t most) {
  return Json::object({{"type", "integer"}, {"minimum", least}, {"maximum", most}});
}

Json reference(Place place) {
  return Json::object({{"$ref", "#/definitions/" + std::string(name_of(place))}});
}

Json either(Json a, Json b) {
  return Json::object({{"anyOf", Json::array({std::move(a), std::move(b)})}});
}

Json table_of(Json values) {
  return Json::object({{"type", "object"}, {"additionalProperties", std::move(values)}});
}

Json list_of(Json items) {
  return Json::object({{"type", "array"}, {"items", std::move(items)}});
}

Json form_of(const KeyRule& rule) {
  constexpr std::int64_t kLastPort = 65535;
  switch (rule.shape) {
    case Shape::whole:
      return integer_form(rule.least, rule.most);
    case Shape::text: {
      Json form = type("string");
      JsonArray words;
      for (const std::string_view word : rule.words) words.emplace_back(word);
      if (!words.empty()) form.as_object()->set("enum", std::move(words));
      return form;
    }
    case Shape::flag:
      return type("boolean");
    case Shape::date:
      return Json::object({{"type", "string"}, {"format", "date"}});
    case Shape::texts: {
      Json form = list_of(type("string"));
      form.as_object()->set("uniqueItems", true);
      return form;
    }
    case Shape::strings:
      return table_of(type("string"));
    case Shape::table:
      return reference(rule.inner);
    case Shape::tables:
      return list_of(reference(rule.inner));
    case Shape::named:
      return table_of(reference(rule.inner));
    case Shape::quantity:
      return quantity_form();
    case Shape::limit:
      return either(quantity_form(), reference(rule.inner));
    case Shape::count:
      return either(integer_form(rule.least, rule.most), reference(rule.inner));
    case Shape::port:
      return either(integer_form(1, kLastPort),
                    Json::object({{"type", "string"}, {"pattern", "^[0-9]+(-[0-9]+)?$"}}));
    case Shape::magnitude:
      return either(quantity_form(), Json::object({{"type", "integer"}, {"minimum", 1}}));
  }
  return type("string");
}

Json place_form(Place place) {
  JsonObject properties;
  JsonArray required;
  for (const KeyRule& rule : keys_of(place)) {
    Json form = form_of(rule);
    // Beside a reference an editor of draft 4 reads nothing.
    if (form.get("$ref") == nullptr) form.as_object()->set("description", rule.meaning);
    properties.set(std::string(rule.name), std::move(form));
    if (rule.need == Need::required) required.emplace_back(rule.name);
  }
  JsonObject form;
  form.set("type", "object");
  form.set("properties", std::move(properties));
  if (!required.empty()) form.set("required", std::move(required));
  form.set("additionalProperties", false);
  return form;
}

}  // namespace

Json schema() {
  JsonObject definitions;
  for (const auto& [place, name] : kPlaces) definitions.set(std::string(name), place_form(place));
  Json root = place_form(Place::policy);
  JsonObject& members = *root.as_object();
  members.set("$schema", "http://json-schema.org/draft-04/schema#");
  members.set("title", "glovebox policy");
  members.set("definitions", std::move(definitions));
  return root;
}

}  // namespace glovebox::policy
