#include <format>

#include "policy/read_profile.h"

namespace glovebox::policy {

namespace {

void read_tools(DocumentReader& reader, const Value& value, Bind& bind) {
  const Table* tools = reader.table(value, "tools");
  if (tools == nullptr) return;
  if (tools->entries.empty())
    reader.report(Code::inert, value, "a bind without any tool allows nothing");
  for (const Entry& entry : tools->entries) {
    if (!is_tool_pattern(entry.key.name)) {
      reader.report(Code::bad_value, entry.key, std::string(kToolForm));
      continue;
    }
    if (const std::string* profile = reader.text(entry.value, "the name of a profile"))
      bind.tools.push_back({entry.key.name, *profile, entry.value.origin});
  }
}

}  // namespace

void read_bind(DocumentReader& reader, const Value& value, std::vector<Bind>& binds) {
  const Table* given = reader.table(value, "a bind");
  if (given == nullptr) return;
  only_keys(reader, *given, "[[bind]]", Place::bind);
  Bind bind;
  bind.origin = value.origin;
  const auto id = [&](std::string_view key, std::optional<std::string>& place) {
    if (const Entry* entry = given->find(key))
      read_name(reader, entry->value, key, place.emplace());
  };
  id("environment", bind.environment);
  id("agent", bind.agent);
  if (const Entry* tools = given->find("tools")) {
    read_tools(reader, tools->value, bind);
  } else {
    reader.report(Code::missing_key, value, "a bind needs tools",
                  "tools = { \"*\" = \"PROFILE\" }");
  }
  binds.push_back(std::move(bind));
}

void read_test(DocumentReader& reader, const Value& value, std::vector<Test>& tests) {
  const Table* given = reader.table(value, "a test");
  if (given == nullptr) return;
  only_keys(reader, *given, "[[test]]", Place::test);
  Test test;
  test.origin = value.origin;
  if (const Entry* as = given->find("as")) {
    if (const Table* who = reader.table(as->value, "as")) {
      only_keys(reader, *who, "as", Place::who);
      const auto name = [&](std::string_view key, std::string& place) {
        if (const Entry* entry = who->find(key)) read_name(reader, entry->value, key, place);
      };
      name("environment", test.as.environment);
      name("agent", test.as.agent);
      name("tool", test.as.tool);
    }
  }
  if (const Value* request = reader.require(*given, value, "try", "a test"))
    read_sentence(reader, *request, "try", test.request);
  if (const Value* expect = reader.require(*given, value, "expect", "a test")) {
    if (const auto allow = reader.word<bool>(*expect, "expect", {{"allow", true}, {"deny", false}}))
      test.allow = *allow;
  }
  tests.push_back(std::move(test));
}

}  // namespace glovebox::policy
