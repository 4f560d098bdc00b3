#include "seccomp/oci_profile.h"

#include <algorithm>
#include <array>
#include <format>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "codec/json.h"
#include "seccomp/words.h"

namespace glovebox::seccomp {

namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

constexpr std::size_t kMaxList = 256;  // architectures, capabilities, arguments
constexpr std::size_t kMaxWord = 64;
constexpr std::uint16_t kPermission = 1, kLargestError = 4095;

constexpr std::array<std::pair<std::string_view, OciOperation>, 7> kOperations = {{
    {"SCMP_CMP_EQ", OciOperation::equal},
    {"SCMP_CMP_NE", OciOperation::not_equal},
    {"SCMP_CMP_LT", OciOperation::less},
    {"SCMP_CMP_LE", OciOperation::less_or_equal},
    {"SCMP_CMP_GE", OciOperation::greater_or_equal},
    {"SCMP_CMP_GT", OciOperation::greater},
    {"SCMP_CMP_MASKED_EQ", OciOperation::masked_equal},
}};

Error wrong(std::string_view place, std::string_view what) {
  return Error(ErrorKind::invalid, std::format("{}: {}", place, what));
}

// Names of calls, capabilities, architectures and versions: what may stand in a comment.
bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= kMaxWord && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

Result<std::string> word_of(const Json& value, std::string_view place) {
  const std::string* text = value.as_string();
  if (text == nullptr) return wrong(place, "a string is wanted");
  if (!is_word(*text))
    return wrong(place,
                 std::format("`{}` is no name", escape_for_terminal(text->substr(0, kMaxWord))));
  return *text;
}

// The value of `key`; null counts as absent, as Go writes it.
const Json* member(const JsonObject& object, std::string_view key) {
  const Json* value = object.find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

Result<void> only(const JsonObject& object, std::string_view place,
                  std::span<const std::string_view> known) {
  for (const JsonObject::Member& found : object)
    if (std::ranges::find(known, found.key) == known.end())
      return wrong(
          place.empty() ? "the profile" : place,
          std::format("`{}` is not known here",
                      escape_for_terminal(std::string_view(found.key).substr(0, kMaxWord))));
  return {};
}

Result<std::vector<std::string>> words_of(const JsonObject& object, std::string_view key,
                                          std::string_view place, std::size_t most) {
  const Json* value = member(object, key);
  std::vector<std::string> words;
  if (value == nullptr) return words;
  const std::string where = std::format("{}{}{}", place, place.empty() ? "" : ".", key);
  const JsonArray* list = value->as_array();
  if (list == nullptr) return wrong(where, "a list is wanted");
  if (list->size() > most)
    return Error(ErrorKind::limit, std::format("{}: more than {}", where, most));
  for (std::size_t i = 0; i < list->size(); ++i)
    words.push_back(TRY(word_of((*list)[i], std::format("{}[{}]", where, i))));
  return words;
}

Result<std::uint64_t> number_of(const JsonObject& object, std::string_view key,
                                std::string_view place, std::uint64_t most) {
  const Json* value = member(object, key);
  if (value == nullptr) return std::uint64_t{0};
  const auto number = value->as_int();
  if (!number || *number < 0 || static_cast<std::uint64_t>(*number) > most)
    return wrong(std::format("{}{}{}", place, place.empty() ? "" : ".", key),
                 std::format("a whole number from 0 to {} is wanted", most));
  return static_cast<std::uint64_t>(*number);
}

// nullopt: an action that no text has. `error` is that of SCMP_ACT_ERRNO.
Result<std::optional<Action>> action_of(std::string_view name, std::uint16_t error,
                                        std::string_view place) {
  using Kind = Action::Kind;
  if (name == "SCMP_ACT_ALLOW") return Action{Kind::allow, 0};
  if (name == "SCMP_ACT_ERRNO") return Action{Kind::error, error};
  for (const std::string_view kill :
       {"SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP"})
    if (name == kill) return Action{Kind::kill_process, 0};
  for (const std::string_view other : {"SCMP_ACT_TRACE", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY"})
    if (name == other) return std::nullopt;
  return wrong(place, std::format("`{}` is no action", name));
}

Result<std::uint16_t> error_of(const JsonObject& object, std::string_view key,
                               std::string_view place) {
  if (member(object, key) == nullptr) return kPermission;
  const auto number = static_cast<std::uint16_t>(TRY(number_of(object, key, place, kLargestError)));
  // 0 would be a success that never happened.
  if (error_number(errno_name(number)) != number)
    return wrong(std::format("{}{}{}", place, place.empty() ? "" : ".", key),
                 std::format("{} is the number of no error", number));
  return number;
}

Result<OciArgument> argument_of(const Json& value, const std::string& place) {
  static constexpr std::array<std::string_view, 4> kKnown = {"index", "value", "valueTwo", "op"};
  constexpr std::uint64_t kAll = ~std::uint64_t{0};
  const JsonObject* object = value.as_object();
  if (object == nullptr) return wrong(place, "an object is wanted");
  TRY(only(*object, place, kKnown));
  if (member(*object, "index") == nullptr || member(*object, "value") == nullptr)
    return wrong(place, "`index` and `value` are needed");
  OciArgument argument;
  argument.index =
      static_cast<std::uint8_t>(TRY(number_of(*object, "index", place, kArguments - 1)));
  argument.value = TRY(number_of(*object, "value", place, kAll));
  argument.value_two = TRY(number_of(*object, "valueTwo", place, kAll));
  const Json* op = member(*object, "op");
  if (op == nullptr) return wrong(place, "`op` is needed");
  const std::string name = TRY(word_of(*op, place + ".op"));
  const auto known =
      std::ranges::find(kOperations, name, &std::pair<std::string_view, OciOperation>::first);
  if (known == kOperations.end())
    return wrong(place + ".op", std::format("`{}` is no comparison", name));
  argument.operation = known->second;
  return argument;
}

Result<OciCondition> condition_of(const JsonObject& group, std::string_view key,
                                  const std::string& of_group) {
  static constexpr std::array<std::string_view, 3> kKnown = {"caps", "arches", "minKernel"};
  const Json* value = member(group, key);
  if (value == nullptr) return OciCondition{};
  const std::string place = std::format("{}.{}", of_group, key);
  const JsonObject* object = value->as_object();
  if (object == nullptr) return wrong(place, "an object is wanted");
  TRY(only(*object, place, kKnown));
  OciCondition condition;
  condition.capabilities = TRY(words_of(*object, "caps", place, kMaxList));
  condition.architectures = TRY(words_of(*object, "arches", place, kMaxList));
  if (const Json* kernel = member(*object, "minKernel"))
    condition.least_kernel = TRY(word_of(*kernel, place + ".minKernel"));
  return condition;
}

Result<OciGroup> group_of(const Json& value, const std::string& place) {
  static constexpr std::array<std::string_view, 8> kKnown = {
      "names", "name", "action", "errnoRet", "args", "comment", "includes", "excludes"};
  const JsonObject* object = value.as_object();
  if (object == nullptr) return wrong(place, "an object is wanted");
  TRY(only(*object, place, kKnown));
  OciGroup group;
  group.names = TRY(words_of(*object, "names", place, kMaxOciNames));
  if (const Json* name = member(*object, "name"))
    if (const std::string* text = name->as_string(); text == nullptr || !text->empty())
      group.names.push_back(TRY(word_of(*name, place + ".name")));
  if (group.names.empty()) return wrong(place, "`names` is needed");
  const Json* action = member(*object, "action");
  if (action == nullptr) return wrong(place, "`action` is needed");
  group.action_name = TRY(word_of(*action, place + ".action"));
  const std::uint16_t error = TRY(error_of(*object, "errnoRet", place));
  group.action = TRY(action_of(group.action_name, error, place + ".action"));
  if (const Json* args = member(*object, "args")) {
    const JsonArray* list = args->as_array();
    if (list == nullptr) return wrong(place + ".args", "a list is wanted");
    if (list->size() > kMaxList)
      return Error(ErrorKind::limit, std::format("{}.args: more than {}", place, kMaxList));
    for (std::size_t i = 0; i < list->size(); ++i)
      group.arguments.push_back(TRY(argument_of((*list)[i], std::format("{}.args[{}]", place, i))));
  }
  group.includes = TRY(condition_of(*object, "includes", place));
  group.excludes = TRY(condition_of(*object, "excludes", place));
  return group;
}

Result<void> read_architectures(const JsonObject& root, OciProfile& profile) {
  profile.architectures = TRY(words_of(root, "architectures", "", kMaxList));
  const Json* map = member(root, "archMap");
  if (map == nullptr) return {};
  static constexpr std::array<std::string_view, 2> kKnown = {"architecture", "subArchitectures"};
  const JsonArray* list = map->as_array();
  if (list == nullptr) return wrong("archMap", "a list is wanted");
  if (list->size() > kMaxList)
    return Error(ErrorKind::limit, std::format("archMap: more than {}", kMaxList));
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string place = std::format("archMap[{}]", i);
    const JsonObject* object = (*list)[i].as_object();
    if (object == nullptr) return wrong(place, "an object is wanted");
    TRY(only(*object, place, kKnown));
    const Json* name = member(*object, "architecture");
    if (name == nullptr) return wrong(place, "`architecture` is needed");
    profile.architectures.push_back(TRY(word_of(*name, place + ".architecture")));
    TRY(words_of(*object, "subArchitectures", place, kMaxList));
  }
  return {};
}

}  // namespace

Result<OciProfile> parse_oci_profile(std::string_view json) {
  static constexpr std::array<std::string_view, 8> kKnown = {
      "defaultAction", "defaultErrnoRet", "architectures",    "archMap",
      "flags",         "listenerPath",    "listenerMetadata", "syscalls"};
  const Json document = TRY(codec::parse_json(json, {.max_bytes = kMaxOciBytes}));
  const JsonObject* root = document.as_object();
  if (root == nullptr) return wrong("the profile", "an object is wanted");
  TRY(only(*root, "", kKnown));
  OciProfile profile;
  const Json* fallback = member(*root, "defaultAction");
  if (fallback == nullptr)
    return wrong("the profile", "`defaultAction` is needed\nhint: this is no OCI seccomp profile");
  const std::string name = TRY(word_of(*fallback, "defaultAction"));
  const std::uint16_t error = TRY(error_of(*root, "defaultErrnoRet", ""));
  const auto action = TRY(action_of(name, error, "defaultAction"));
  if (!action || action->kind == Action::Kind::allow)
    return wrong("defaultAction",
                 std::format("`{}` lets through what is not named\nhint: a filter here names what "
                             "is allowed; begin with a profile whose default is SCMP_ACT_ERRNO",
                             name));
  profile.fallback = *action;
  TRY(read_architectures(*root, profile));
  for (const std::string_view key : {"flags", "listenerPath", "listenerMetadata"})
    profile.has_notes = profile.has_notes || member(*root, key) != nullptr;
  const Json* syscalls = member(*root, "syscalls");
  if (syscalls == nullptr) return profile;
  const JsonArray* list = syscalls->as_array();
  if (list == nullptr) return wrong("syscalls", "a list is wanted");
  if (list->size() > kMaxOciGroups)
    return Error(ErrorKind::limit, std::format("syscalls: more than {} groups", kMaxOciGroups));
  std::size_t names = 0;
  for (std::size_t i = 0; i < list->size(); ++i) {
    profile.groups.push_back(TRY(group_of((*list)[i], std::format("syscalls[{}]", i))));
    names += profile.groups.back().names.size();
    if (names > kMaxOciNames)
      return Error(ErrorKind::limit, std::format("syscalls: more than {} names", kMaxOciNames));
  }
  return profile;
}

}  // namespace glovebox::seccomp
