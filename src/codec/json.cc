#include "codec/json.h"

#include <algorithm>
#include <format>
#include <numeric>

namespace glovebox::codec {

namespace {

// Up to here a walk over the members is as quick as the index, and no second list is needed.
constexpr std::size_t kUnindexedMembers = 16;

}  // namespace

JsonObject::JsonObject() = default;
JsonObject::JsonObject(const JsonObject&) = default;
JsonObject::JsonObject(JsonObject&&) noexcept = default;
JsonObject& JsonObject::operator=(const JsonObject&) = default;
JsonObject& JsonObject::operator=(JsonObject&&) noexcept = default;
JsonObject::~JsonObject() = default;

Result<JsonObject> JsonObject::from_members(std::vector<Member> members) {
  JsonObject object;
  object.members_ = std::move(members);
  object.rebuild_index();
  const auto same = [&](std::uint32_t a, std::uint32_t b) {
    return object.members_[a].key == object.members_[b].key;
  };
  const auto twice = std::ranges::adjacent_find(object.by_key_, same);
  if (twice != object.by_key_.end())
    return Error(ErrorKind::invalid,
                 std::format("duplicate key {}", json_quote(object.members_[*twice].key)));
  if (object.size() <= kUnindexedMembers) object.by_key_ = {};
  return object;
}

void JsonObject::rebuild_index() {
  by_key_.resize(members_.size());
  std::iota(by_key_.begin(), by_key_.end(), 0u);
  std::ranges::sort(by_key_, {},
                    [&](std::uint32_t at) -> const std::string& { return members_[at].key; });
}

std::optional<std::size_t> JsonObject::position(std::string_view key) const {
  if (members_.size() <= kUnindexedMembers) {
    const auto at = std::ranges::find(members_, key, &Member::key);
    if (at == members_.end()) return std::nullopt;
    return static_cast<std::size_t>(at - members_.begin());
  }
  const auto key_at = [&](std::uint32_t at) -> std::string_view { return members_[at].key; };
  const auto at = std::ranges::lower_bound(by_key_, key, {}, key_at);
  if (at == by_key_.end() || key_at(*at) != key) return std::nullopt;
  return *at;
}

std::size_t JsonObject::size() const {
  return members_.size();
}
const JsonObject::Member* JsonObject::begin() const {
  return members_.data();
}
const JsonObject::Member* JsonObject::end() const {
  return members_.data() + members_.size();
}

const Json* JsonObject::find(std::string_view key) const {
  const auto at = position(key);
  return at ? &members_[*at].value : nullptr;
}

Json* JsonObject::find(std::string_view key) {
  const auto at = position(key);
  return at ? &members_[*at].value : nullptr;
}

Json& JsonObject::set(std::string key, Json value) {
  if (const auto at = position(key)) return members_[*at].value = std::move(value);
  members_.push_back({std::move(key), std::move(value)});
  const std::size_t count = members_.size();
  if (count == kUnindexedMembers + 1) {
    rebuild_index();
  } else if (count > kUnindexedMembers) {
    const auto key_at = [&](std::uint32_t at) -> std::string_view { return members_[at].key; };
    const std::string_view added = members_.back().key;
    by_key_.insert(std::ranges::lower_bound(by_key_, added, {}, key_at),
                   static_cast<std::uint32_t>(count - 1));
  }
  return members_.back().value;
}

bool JsonObject::erase(std::string_view key) {
  const auto at = position(key);
  if (!at) return false;
  members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(*at));
  if (members_.size() > kUnindexedMembers) {
    rebuild_index();
  } else {
    by_key_ = {};
  }
  return true;
}

bool JsonObject::operator==(const JsonObject& other) const {
  return size() == other.size() && std::ranges::all_of(*this, [&](const Member& member) {
           const Json* value = other.find(member.key);
           return value != nullptr && *value == member.value;
         });
}

Json Json::object(std::initializer_list<std::pair<std::string_view, Json>> members) {
  JsonObject object;
  for (const auto& [key, value] : members) object.set(std::string(key), value);
  return object;
}

Json Json::array(std::initializer_list<Json> values) {
  return JsonArray(values);
}

std::string_view Json::type_name() const {
  constexpr std::string_view kNames[] = {"null",   "boolean", "integer", "number",
                                         "string", "array",   "object"};
  static_assert(std::size(kNames) == std::variant_size_v<decltype(value_)>);
  return kNames[value_.index()];
}

std::optional<bool> Json::as_bool() const {
  const bool* value = std::get_if<bool>(&value_);
  return value != nullptr ? std::optional(*value) : std::nullopt;
}

std::optional<std::int64_t> Json::as_int() const {
  const std::int64_t* value = std::get_if<std::int64_t>(&value_);
  return value != nullptr ? std::optional(*value) : std::nullopt;
}

std::optional<double> Json::as_double() const {
  const double* value = std::get_if<double>(&value_);
  return value != nullptr ? std::optional(*value) : std::nullopt;
}

std::optional<double> Json::as_number() const {
  if (const auto integer = as_int()) return static_cast<double>(*integer);
  return as_double();
}

const Json* Json::get(std::string_view key) const {
  const JsonObject* object = as_object();
  return object != nullptr ? object->find(key) : nullptr;
}

const std::string* Json::get_string(std::string_view key) const {
  const Json* value = get(key);
  return value != nullptr ? value->as_string() : nullptr;
}

std::optional<std::int64_t> Json::get_int(std::string_view key) const {
  const Json* value = get(key);
  return value != nullptr ? value->as_int() : std::nullopt;
}

std::optional<bool> Json::get_bool(std::string_view key) const {
  const Json* value = get(key);
  return value != nullptr ? value->as_bool() : std::nullopt;
}

const JsonArray* Json::get_array(std::string_view key) const {
  const Json* value = get(key);
  return value != nullptr ? value->as_array() : nullptr;
}

const JsonObject* Json::get_object(std::string_view key) const {
  const Json* value = get(key);
  return value != nullptr ? value->as_object() : nullptr;
}

}  // namespace glovebox::codec
