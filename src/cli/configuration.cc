#include "cli/configuration.h"

#include <algorithm>
#include <cstdint>
#include <format>
#include <initializer_list>
#include <iterator>
#include <utility>

#include "cli/quantity.h"
#include "codec/no_proxy.h"
#include "codec/url.h"
#include "policy/document.h"
#include "policy/normal_path.h"

namespace glovebox::cli {

namespace {

using policy::Code;
using policy::DocumentReader;
using policy::Entry;
using policy::Table;
using policy::Value;

constexpr std::size_t kMaxText = 256;                            // bytes of an id, of a date
constexpr std::int64_t kMostSessions = 1024, kMostCalls = 4096;  // as the flags

constexpr std::size_t kMaxWords = 32, kMaxWord = 1024;  // of a command

Result<void> check_command(const std::vector<std::string>& words) {
  if (words.empty() || words.size() > kMaxWords)
    return Error(ErrorKind::invalid, std::format("a command has 1 to {} words", kMaxWords));
  if (!policy::is_normal_path(words.front()) || words.front() == "/")
    return Error(ErrorKind::invalid,
                 "a command begins with the absolute path of its program, without `.` and `..`");
  for (const std::string& word : words)
    if (word.size() > kMaxWord || word.contains('\0'))
      return Error(ErrorKind::invalid,
                   std::format("a word of a command has at most {} bytes and no NUL", kMaxWord));
  return {};
}

// The keys of one table: each is asked for once, then finish() notes what is left over.
class Section {
 public:
  Section(DocumentReader& reader, const Entry& entry)
      : reader_(reader), name_(entry.key.name), table_(reader.table(entry.value, name_)) {}

  // `read` makes a value of the text, or says what is wrong with it.
  template <class T, class Read>
  void text(std::string_view key, std::optional<T>& into, const Read& read) {
    const Value* value = find(key);
    if (value == nullptr) return;
    const std::string* given = reader_.text(*value, key);
    if (given == nullptr) return;
    if (auto made = read(*given))
      into = *std::move(made);
    else
      reader_.report(Code::bad_value, *value, std::format("{}: {}", key, made.error().message()));
  }
  // A program and what it is given, where a string would be something else.
  void command_or_text(std::string_view key, std::optional<std::vector<std::string>>& command,
                       const auto& otherwise) {
    const Value* value = find(key);
    if (value == nullptr) return;
    if (!std::holds_alternative<policy::Array>(value->data)) return otherwise();
    std::vector<std::string> words;
    for (const Value& item : std::get<policy::Array>(value->data)) {
      const std::string* word = reader_.text(item, std::format("each word of {}", key));
      if (word == nullptr) return;
      words.push_back(*word);
    }
    if (const auto good = check_command(words))
      command = std::move(words);
    else
      reader_.report(Code::bad_value, *value, std::format("{}: {}", key, good.error().message()));
  }
  // A list of at least one; `read` makes a value of each text, or says what is wrong with it.
  template <class T, class Read>
  void list(std::string_view key, std::optional<std::vector<T>>& into, std::size_t most,
            const Read& read) {
    const Value* value = find(key);
    if (value == nullptr) return;
    const policy::Array* items = reader_.array(*value, key);
    if (items == nullptr) return;
    if (items->empty() || items->size() > most)
      return reader_.report(Code::bad_value, *value,
                            std::format("{}: 1 to {} of them; without the key there are those of "
                                        "the host",
                                        key, most));
    std::vector<T> made;
    for (const Value& item : *items) {
      const std::string* given = reader_.text(item, std::format("each of {}", key));
      if (given == nullptr) continue;
      if (auto one = read(*given))
        made.push_back(*std::move(one));
      else
        reader_.report(Code::bad_value, item, std::format("{}: {}", key, one.error().message()));
    }
    into = std::move(made);
  }
  template <class E>
  void word(std::string_view key, std::optional<E>& into,
            std::initializer_list<std::pair<std::string_view, E>> words) {
    if (const Value* value = find(key)) into = reader_.word<E>(*value, key, words);
  }
  std::optional<std::int64_t> count(std::string_view key, std::int64_t most,
                                    std::int64_t least = 1) {
    const Value* value = find(key);
    return value == nullptr ? std::nullopt : reader_.integer(*value, key, least, most);
  }
  std::optional<bool> flag(std::string_view key) {
    const Value* value = find(key);
    return value == nullptr ? std::nullopt : reader_.flag(*value, key);
  }
  // A key whose work is not in this version.
  void later(std::string_view key, std::string hint = "") {
    asked_.push_back(key);
    if (table_ == nullptr) return;
    if (const Entry* entry = table_->find(key))
      reader_.report(Code::not_in_this_version, entry->key,
                     std::format("`{}` is not in this version of glovebox", key), std::move(hint));
  }
  const Value* find(std::string_view key) {
    asked_.push_back(key);
    const Entry* entry = table_ == nullptr ? nullptr : table_->find(key);
    return entry == nullptr ? nullptr : &entry->value;
  }
  void finish() {
    if (table_ == nullptr) return;
    for (const Entry& entry : table_->entries)
      if (std::ranges::find(asked_, entry.key.name) == asked_.end())
        reader_.unknown_key(entry.key, std::format("[{}]", name_), asked_);
  }

 private:
  DocumentReader& reader_;
  std::string name_;
  const Table* table_;
  std::vector<std::string_view> asked_;
};

Result<std::string> plain_text(const std::string& text) {
  if (text.empty() || text.size() > kMaxText)
    return Error(ErrorKind::invalid, std::format("1 to {} bytes", kMaxText));
  for (const char c : text)
    if (c < ' ' || c > '~') return Error(ErrorKind::invalid, "printable ASCII only");
  return text;
}

Result<std::string> host_path(const std::string& text) {
  if (policy::is_normal_path(text) && text != "/") return text;
  return Error(ErrorKind::invalid, "an absolute path without `.`, `..` and a slash at its end");
}

Result<std::string> policy_name(const std::string& text) {
  return text.starts_with("builtin:") ? Result<std::string>(text) : host_path(text);
}

Result<std::string> url(const std::string& text) {
  TRY(codec::BaseUrl::parse(text));
  return text;
}

// Whoever may read this file would have the password.
Result<std::string> proxy(const std::string& text) {
  if (text.empty()) return text;
  if (text.contains('@'))
    return Error(ErrorKind::invalid, "user and password of the proxy belong into proxy_auth");
  return url(text.contains("://") ? text : "http://" + text);
}

Result<std::string> no_proxy_list(const std::string& text) {
  TRY(codec::NoProxy::parse(text));
  return text;
}

// A name of a key of the log, see audit::LogPlace.
Result<std::string> log_origin(const std::string& text) {
  if (text.contains(' ') || text.contains('+'))
    return Error(ErrorKind::invalid, "no spaces and no `+`");
  return plain_text(text);
}

void read_control_plane(DocumentReader& reader, const Entry& entry, Configuration& out) {
  Section section(reader, entry);
  section.text("base_url", out.base_url, url);
  section.text("environment_id", out.environment, plain_text);
  section.text("environment_key", out.environment_key, roles::parse_secret_reference);
  section.text("ca_file", out.ca_file, host_path);
  section.text("api_version", out.api_version, plain_text);
  if (const auto allowed = section.flag("allow_http"))
    out.plain_http = *allowed ? worker::PlainHttp::allowed : worker::PlainHttp::loopback_only;
  section.text("proxy", out.proxy, proxy);
  section.command_or_text("proxy_auth", out.proxy_command, [&] {
    section.text("proxy_auth", out.proxy_auth, roles::parse_secret_reference);
  });
  section.text("no_proxy", out.no_proxy, no_proxy_list);
  section.finish();
}

void read_egress(DocumentReader& reader, const Entry& entry, Configuration& out) {
  Section section(reader, entry);
  EgressConfiguration& egress = out.egress;
  section.list("resolvers", egress.resolvers, net::kMaxNameServers, net::parse_name_server);
  section.text("proxy", egress.proxy, proxy);
  section.command_or_text("proxy_auth", egress.proxy_command, [&] {
    section.text("proxy_auth", egress.proxy_auth, roles::parse_secret_reference);
  });
  section.text("no_proxy", egress.no_proxy, no_proxy_list);
  section.text("ca_file", egress.ca_file, host_path);
  section.finish();
}

void read_worker(DocumentReader& reader, const Entry& entry, Configuration& out) {
  Section section(reader, entry);
  section.text("workdir", out.workdir, host_path);
  section.word<roles::WorkspaceMode>(
      "workspace", out.workspace,
      {{"session", roles::WorkspaceMode::session}, {"shared", roles::WorkspaceMode::shared}});
  section.text("keep", out.keep, parse_keep);
  section.text("seed", out.seed, host_path);
  if (const auto sessions = section.count("max_sessions", kMostSessions))
    out.max_sessions = static_cast<std::size_t>(*sessions);
  if (const auto calls = section.count("max_calls", kMostCalls))
    out.max_calls = static_cast<std::uint32_t>(*calls);
  if (const auto warm = section.count("warm", kMostSessions, 0))
    out.warm = static_cast<std::uint32_t>(*warm);
  section.text("max_idle", out.max_idle, parse_time_span);
  section.text("drain", out.drain, parse_time_span);
  section.finish();
}

void read_policy(DocumentReader& reader, const Entry& entry, Configuration& out) {
  Section section(reader, entry);
  section.text("file", out.policy, policy_name);
  section.finish();
}

void read_box(DocumentReader& reader, const Entry& entry, Configuration& out) {
  Section section(reader, entry);
  section.later("images", "a policy's root is \"host\" in this version");
  const Value* range = section.find("user_range");
  section.text("user_range", out.user_range, roles::parse_id_range);
  section.finish();
  if (range != nullptr && out.workspace == roles::WorkspaceMode::shared)
    reader.report(Code::inert, *range, "sessions that share a workspace share an id too",
                  "remove user_range, or say workspace = \"session\"");
}

void read_state(DocumentReader& reader, const Entry& entry, Configuration& out) {
  Section section(reader, entry);
  section.text("dir", out.state, host_path);
  section.finish();
}

void read_audit(DocumentReader& reader, const Entry& entry, Configuration& out) {
  Section section(reader, entry);
  section.text("dir", out.audit, host_path);
  section.text("origin", out.audit_origin, log_origin);
  section.text("reserve", out.audit_reserve, parse_log_reserve);
  section.later("anchors");
  section.finish();
}

void read_metrics(DocumentReader& reader, const Entry& entry, Configuration& out) {
  Section section(reader, entry);
  section.text("listen", out.metrics, parse_metrics_place);
  section.finish();
}

void read_log(DocumentReader& reader, const Entry& entry, Configuration& out) {
  Section section(reader, entry);
  section.word<LogLevel>("level", out.log_level,
                         {{"debug", LogLevel::debug},
                          {"info", LogLevel::info},
                          {"warning", LogLevel::warning},
                          {"error", LogLevel::error}});
  section.word<LogFormat>("format", out.log_format,
                          {{"text", LogFormat::text}, {"json", LogFormat::json}});
  section.finish();
}

using ReadTable = void (*)(DocumentReader&, const Entry&, Configuration&);
// In this order whatever the file's: [box] looks at what [worker] says.
constexpr std::pair<std::string_view, ReadTable> kTables[] = {
    {"control_plane", read_control_plane},
    {"egress", read_egress},
    {"worker", read_worker},
    {"policy", read_policy},
    {"box", read_box},
    {"state", read_state},
    {"audit", read_audit},
    {"metrics", read_metrics},
    {"log", read_log},
};
constexpr std::string_view kLater[] = {"tunnel"};

void read_tables(DocumentReader& reader, const Table& root, Configuration& out) {
  std::vector<std::string_view> known;
  for (const auto& [name, read] : kTables) {
    known.push_back(name);
    if (const Entry* entry = root.find(name)) read(reader, *entry, out);
  }
  for (const Entry& entry : root.entries) {
    if (std::ranges::find(kLater, entry.key.name) != std::end(kLater))
      reader.report(Code::not_in_this_version, entry.key,
                    std::format("[{}] is not in this version of glovebox", entry.key.name),
                    "remove it: what is not carried out is refused, never ignored");
    else if (std::ranges::find(known, entry.key.name) == known.end())
      reader.unknown_key(entry.key, "the configuration", known);
  }
}

}  // namespace

std::string to_text(const LoadedConfiguration& loaded, std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const bool secret = line.contains("environment_key") || line.contains("proxy");
    shown += secret ? line.substr(0, line.find('=')) : line;
    if (secret) shown += "= (not shown)";
    shown += '\n';
  }
  return policy::to_text(loaded.diagnostics, shown);
}

LoadedConfiguration load_configuration(const std::string& file, std::string_view text) {
  LoadedConfiguration loaded;
  if (text.empty()) {
    loaded.configuration.emplace();
    return loaded;
  }
  const auto document = policy::parse_document(file, text);
  if (!document) {
    loaded.diagnostics.push_back(document.error());
    return loaded;
  }
  DocumentReader reader;
  Configuration configuration;
  read_tables(reader, std::get<Table>(document->data), configuration);
  loaded.diagnostics = reader.take_diagnostics();
  if (loaded.diagnostics.empty()) loaded.configuration = std::move(configuration);
  return loaded;
}

}  // namespace glovebox::cli
