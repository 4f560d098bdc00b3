// Credentials, and tools of the operator's own.
#include <algorithm>
#include <format>

#include "codec/url.h"
#include "policy/normal_path.h"
#include "policy/read_profile.h"

namespace glovebox::policy {

namespace {

constexpr std::size_t kMaxWord = 64;
constexpr std::size_t kMaxArgument = 4096;

// What may be a folder's name, a label of a metric and a part of a record.
bool is_plain_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxWord && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

bool check_name(DocumentReader& reader, const Key& key, std::string_view what) {
  if (is_plain_name(key.name)) return true;
  reader.report(
      Code::bad_value, key,
      std::format("the name of {} is letters, digits, `_` and `-`, at most {}", what, kMaxWord));
  return false;
}

bool is_source(std::string_view text) {
  constexpr std::string_view kCredential = "credential:", kFile = "file:";
  if (text.starts_with(kCredential)) return is_plain_name(text.substr(kCredential.size()));
  if (!text.starts_with(kFile)) return false;
  text.remove_prefix(kFile.size());
  return text != "/" && is_normal_path(text);
}

// argv of a program that is started.
std::vector<std::string> read_command(DocumentReader& reader, const Value& value) {
  std::vector<std::string> command;
  const Array* list = reader.array(value, "command");
  if (list == nullptr) return command;
  for (const Value& element : *list) {
    const std::string* text = reader.text(element, "each of command");
    if (text == nullptr) continue;
    if (text->size() > kMaxArgument || text->contains('\0'))
      reader.report(Code::bad_value, element,
                    std::format("an argument has no NUL and at most {} bytes", kMaxArgument));
    command.push_back(*text);
  }
  if (list->empty() || list->size() > kMaxList) {
    reader.report(Code::bad_value, value, "a command is a program and its arguments",
                  "command = [ \"/usr/bin/tool\", \"--flag\" ]");
  } else if (!command.empty() && !is_normal_path(command.front())) {
    reader.report(Code::bad_path, list->front(), "a program is an absolute path of the box");
  }
  return command;
}

void read_mcp(DocumentReader& reader, const Value& value, CustomTool& tool) {
  const Table* given = reader.table(value, "mcp");
  if (given == nullptr) return;
  only_keys(reader, *given, "mcp", Place::mcp);
  const Entry* command = given->find("command");
  const Entry* url = given->find("url");
  if ((command == nullptr) == (url == nullptr))
    reader.report(command == nullptr ? Code::missing_key : Code::conflict, value,
                  "mcp needs `command` or `url`, one of them");
  if (command != nullptr) tool.mcp_command = read_command(reader, command->value);
  if (url == nullptr) return;
  const std::string* text = reader.text(url->value, "url");
  if (text == nullptr) return;
  const auto parsed = codec::BaseUrl::parse(*text);
  if (!parsed || !parsed->is_https())
    return reader.report(Code::bad_value, url->value, "url must be an https address");
  tool.mcp_url = *text;
}

}  // namespace

void read_secret(DocumentReader& reader, const Entry& entry,
                 std::map<std::string, SecretRule>& secrets) {
  const Table* given = reader.table(entry.value, "a secret");
  if (given == nullptr || !check_name(reader, entry.key, "a secret")) return;
  only_keys(reader, *given, std::format("secret `{}`", entry.key.name), Place::secret);
  SecretRule secret;
  secret.name = entry.key.name;
  secret.origin = entry.key.origin;
  const auto need = [&](std::string_view key) {
    return reader.require(*given, entry.value, key, "a secret");
  };
  if (const Value* from = need("from")) {
    read_name(reader, *from, "from", secret.from);
    if (!secret.from.empty() && !is_source(secret.from))
      reader.report(Code::bad_value, *from,
                    "a secret comes from \"credential:NAME\" or \"file:/path\"");
  }
  if (const Value* only = need("only")) {
    read_texts(reader, *only, "only", [&](const Value& at, const std::string& text) {
      if (auto endpoint = parse_endpoint(text))
        secret.only.push_back(*std::move(endpoint));
      else
        reader.report(Code::bad_value, at, "where a secret may go is \"host:port\"",
                      "only = [ \"packages.example.com:443\" ]");
    });
    if (const auto* list = std::get_if<Array>(&only->data); list != nullptr && list->empty())
      reader.report(Code::inert, *only, "a secret that may go nowhere has no use");
  }
  if (const Entry* expose = given->find("expose"))
    secret.expose =
        reader
            .word<Exposure>(
                expose->value, "expose",
                {{"egress", Exposure::egress}, {"file", Exposure::file}, {"env", Exposure::env}})
            .value_or(Exposure::egress);
  const Entry* tools = given->find("tools");
  if (tools != nullptr)
    read_texts(reader, tools->value, "tools", [&](const Value& at, const std::string& text) {
      if (!is_tool_pattern(text)) return reader.report(Code::bad_value, at, std::string(kToolForm));
      secret.tools.push_back(text);
    });
  if (tools != nullptr && secret.expose == Exposure::egress)
    reader.report(Code::inert, tools->key, "`tools` has no effect here: no tool holds this secret",
                  "it is added on the way, by egress rules with `inject`");
  if (tools == nullptr && secret.expose != Exposure::egress)
    reader.report(Code::missing_key, entry.key, "a secret that tools hold needs `tools`",
                  "tools = [ \"bash\" ]");
  if (secrets.contains(secret.name))
    return reader.report(Code::duplicate, entry.key,
                         std::format("secret `{}` is given twice", secret.name));
  secrets.emplace(secret.name, std::move(secret));
}

void read_tool(DocumentReader& reader, const Entry& entry,
               std::map<std::string, CustomTool>& tools) {
  const Table* given = reader.table(entry.value, "a tool");
  if (given == nullptr || !check_name(reader, entry.key, "a tool")) return;
  only_keys(reader, *given, std::format("tool `{}`", entry.key.name), Place::tool);
  CustomTool tool;
  tool.name = entry.key.name;
  tool.origin = entry.key.origin;
  for (const std::string_view known : {"bash", "read", "write", "edit", "glob", "grep"})
    if (tool.name == known)
      reader.report(Code::conflict, entry.key, std::format("`{}` is glovebox's own tool", known));
  if (const Entry* description = given->find("description"))
    read_sentence(reader, description->value, "description", tool.description);
  const Entry* command = given->find("command");
  const Entry* mcp = given->find("mcp");
  if ((command == nullptr) == (mcp == nullptr))
    reader.report(command == nullptr ? Code::missing_key : Code::conflict, entry.key,
                  "a tool needs `command` or `mcp`, one of them");
  if (command != nullptr) tool.command = read_command(reader, command->value);
  if (mcp != nullptr) read_mcp(reader, mcp->value, tool);
  if (tools.contains(tool.name))
    return reader.report(Code::duplicate, entry.key,
                         std::format("tool `{}` is given twice", tool.name));
  tools.emplace(tool.name, std::move(tool));
}

}  // namespace glovebox::policy
