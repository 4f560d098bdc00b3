#include "policy/load.h"

#include <algorithm>
#include <array>
#include <format>
#include <utility>

#include "policy/document.h"
#include "policy/extends.h"
#include "policy/keys.h"
#include "policy/normal_path.h"
#include "policy/read_cap.h"
#include "policy/read_profile.h"
#include "policy/suggestion.h"

namespace glovebox::policy {

namespace {

constexpr int kSchemaVersion = 1;
constexpr std::string_view kBuiltin = "builtin:";

// Keys of the policy language that a later version of glovebox carries out.
constexpr std::array<std::string_view, 2> kLater = {"sign", "deployment"};

bool overlap(const Bind& a, const Bind& b) {
  const auto meet = [](const auto& x, const auto& y) { return !x || !y || *x == *y; };
  return meet(a.environment, b.environment) && meet(a.agent, b.agent);
}

Code code_of(const Error& error) {
  return error.kind() == ErrorKind::denied ? Code::untrusted_file : Code::unreadable;
}

// Who reads files says what to do on a line of its own.
std::pair<std::string, std::string> split_hint(const Error& error) {
  constexpr std::string_view kHint = "\nhint: ";
  const std::string text = error.message();
  const auto at = text.find(kHint);
  if (at == std::string::npos) return {text, ""};
  return {text.substr(0, at), text.substr(at + kHint.size())};
}

bool is_table(const Value& value) {
  return std::holds_alternative<Table>(value.data);
}

std::vector<std::string_view> names_of(const auto& map) {
  std::vector<std::string_view> names;
  for (const auto& [name, _] : map) names.push_back(name);
  return names;
}

class Loader {
 public:
  Loader(const ReadFile& read, Day today) : read_(read), today_(today) {}

  Loaded run(const std::string& file, std::string_view text) {
    policy_.file = file;
    loaded_.files.push_back({file, std::string(text)});
    if (const auto document = parse(0)) read_main(*document);
    if (reader_.clean()) read_tests_beside(file);
    check_binds();
    check_secrets();
    const Chains chains = check_extends(reader_, policy_.parts);
    loaded_.diagnostics = reader_.take_diagnostics();
    sort_by_place(loaded_.diagnostics, loaded_.files);
    if (loaded_.diagnostics.empty() && chains == Chains::sound) loaded_.policy = policy_.on(today_);
    return std::move(loaded_);
  }

  LoadedCap run_cap(const std::string& file, std::string_view text) {
    policy_.file = file;
    loaded_.files.push_back({file, std::string(text)});
    if (const auto document = parse(0)) read_cap_document(*document);
    LoadedCap loaded{std::nullopt, reader_.take_diagnostics(), std::move(loaded_.files)};
    sort_by_place(loaded.diagnostics, loaded.files);
    if (loaded.diagnostics.empty()) loaded.cap = std::move(policy_.cap);
    return loaded;
  }

 private:
  // The file of that number, or a diagnostic about it.
  std::optional<Value> parse(std::size_t number) {
    const SourceFile& file = loaded_.files[number];
    auto document = parse_document(file.name, file.text);
    if (document) return *std::move(document);
    if (number == 0 && file.text.empty())
      document.error().hint = "start from `glovebox policy show builtin:default`";
    reader_.report(std::move(document.error()));
    return std::nullopt;
  }

  void check_version(const Table& root, const Value& document, Need need) {
    const Entry* version = root.find("glovebox");
    if (version == nullptr) {
      if (need == Need::required)
        reader_.report(Code::missing_key, document, "`glovebox = 1` must be the first key");
      return;
    }
    if (version != root.entries.data())
      reader_.report(Code::bad_value, version->key, "`glovebox` must be the first key");
    const auto* number = std::get_if<std::int64_t>(&version->value.data);
    if (number == nullptr)
      return reader_.report(Code::wrong_type, version->value, "glovebox must be an integer");
    if (*number != kSchemaVersion)
      reader_.report(Code::bad_value, version->value,
                     std::format("schema version {} is not known, this binary reads {}", *number,
                                 kSchemaVersion));
  }

  void read_main(const Value& document) {
    const Table& root = std::get<Table>(document.data);
    if (const Entry* cap = root.find("cap"); cap != nullptr && is_table(cap->value))
      return reader_.report(Code::bad_cap, cap->key,
                            "this is a cap and no policy: it bounds others and allows nothing",
                            "a policy names it: cap = \"FILE\"");
    check_version(root, document, Need::required);
    for (const Entry& entry : root.entries) {
      const std::string& name = entry.key.name;
      if (std::ranges::contains(kLater, name)) report_later(reader_, entry.key);
    }
    refuse_unknown(root, "the policy", Place::policy);
    if (const Entry* entry = root.find("name"))
      read_name(reader_, entry->value, "name", policy_.name);
    if (const Entry* entry = root.find("bind"))
      each_of_list(*entry, [&](const Value& bind) { read_bind(reader_, bind, policy_.binds); });
    read_shared(root);
    if (const Entry* entry = root.find("include")) read_includes(entry->value);
    if (const Entry* entry = root.find("cap")) read_cap_file(entry->value);
    if (root.find("bind") == nullptr)
      reader_.report({Code::missing_key,
                      {policy_.file, 1, 1},
                      1,
                      "no [[bind]]: nothing would be allowed",
                      "bind tools to a profile: [[bind]] tools = { bash = \"NAME\" }"});
  }

  void refuse_unknown(const Table& root, std::string_view where, Place place) {
    const auto known = key_names(place);
    for (const Entry& entry : root.entries) {
      const std::string& name = entry.key.name;
      if (std::ranges::contains(known, name)) continue;
      if (place == Place::policy && std::ranges::contains(kLater, name)) continue;
      const bool elsewhere = std::ranges::contains(key_names(Place::policy), name);
      if (place == Place::included && elsewhere)
        reader_.report(Code::bad_include, entry.key,
                       std::format("`{}` stands in the policy itself only", name),
                       "an included file holds profiles, secrets, tools and tests");
      else
        reader_.unknown_key(entry.key, where, known);
    }
  }

  void each_of_list(const Entry& entry, const auto& use) {
    if (const Array* list = reader_.array(entry.value, entry.key.name))
      for (const Value& element : *list) use(element);
  }

  void each_of_table(const Table& root, std::string_view key, const auto& use) {
    const Entry* entry = root.find(key);
    if (entry == nullptr) return;
    if (const Table* table = reader_.table(entry->value, key))
      for (const Entry& inner : table->entries) use(inner);
  }

  // What a policy and the files that it includes can hold.
  void read_shared(const Table& root) {
    each_of_table(root, "profile",
                  [&](const Entry& entry) { read_profile(reader_, entry, policy_.parts); });
    each_of_table(root, "secret",
                  [&](const Entry& entry) { read_secret(reader_, entry, policy_.secrets); });
    each_of_table(root, "tool",
                  [&](const Entry& entry) { read_tool(reader_, entry, policy_.tools); });
    read_tests(root);
  }

  void read_tests(const Table& root) {
    if (const Entry* entry = root.find("test"))
      each_of_list(*entry, [&](const Value& test) { read_test(reader_, test, policy_.tests); });
  }

  // Beside the file that names it, or below.
  std::string place_of(std::string_view relative) const {
    const auto slash = policy_.file.rfind('/');
    return (slash == std::string::npos ? "" : policy_.file.substr(0, slash + 1)) +
           std::string(relative);
  }

  bool was_read(std::string_view path) const {
    return std::ranges::contains(loaded_.files, path, &SourceFile::name);
  }

  // Reads a further file; what is wrong with that is noted where it is named.
  std::optional<std::size_t> open(const Value& named, const std::string& path) {
    auto text = read_(path);
    if (!text) {
      auto [message, hint] = split_hint(text.error());
      reader_.report(code_of(text.error()), named, std::format("{}: {}", path, message),
                     std::move(hint));
      return std::nullopt;
    }
    loaded_.files.push_back({path, *std::move(text)});
    return loaded_.files.size() - 1;
  }

  void read_includes(const Value& value) {
    std::size_t count = 0;
    read_texts(reader_, value, "include", [&](const Value& at, const std::string& name) {
      if (++count > kMaxIncludes) {
        if (count == kMaxIncludes + 1)
          reader_.report(Code::bad_include, at,
                         std::format("more than {} included files", kMaxIncludes));
        return;
      }
      include(at, name);
    });
  }

  void include(const Value& at, const std::string& name) {
    if (name.empty() || name.starts_with('/') || !is_normal_path("/" + name) ||
        name.find_first_of("*?[") != std::string::npos || policy_.file.starts_with(kBuiltin))
      return reader_.report(Code::bad_path, at,
                            "an included file is named by a path relative to the policy, in its "
                            "folder or below: no `..`, no pattern",
                            "include = [ \"profiles/base.toml\" ]");
    const std::string path = place_of(name);
    if (was_read(path))
      return reader_.report(Code::bad_include, at,
                            path == policy_.file ? "a policy cannot include itself"
                                                 : std::format("{} was read before", path));
    const auto number = open(at, path);
    if (!number) return;
    const auto document = parse(*number);
    if (!document) return;
    const Table& root = std::get<Table>(document->data);
    check_version(root, *document, Need::optional);
    refuse_unknown(root, "an included file", Place::included);
    read_shared(root);
  }

  void read_cap_file(const Value& value) {
    const std::string* name = reader_.text(value, "cap");
    if (name == nullptr) return;
    const bool absolute = is_normal_path(*name) && *name != "/";
    const bool relative = !name->empty() && !name->starts_with('/') &&
                          is_normal_path("/" + *name) && !policy_.file.starts_with(kBuiltin);
    if (!absolute && !relative)
      return reader_.report(Code::bad_path, value,
                            "a cap is a file: an absolute path, or one relative to the policy, "
                            "without `.`, `..` and `//`");
    const std::string path = absolute ? *name : place_of(*name);
    if (was_read(path))
      return reader_.report(Code::bad_cap, value,
                            std::format("{} is part of the policy that it should bound", path));
    const auto number = open(value, path);
    if (!number) return;
    if (const auto document = parse(*number)) read_cap_document(*document);
  }

  void read_cap_document(const Value& document) {
    const Table& root = std::get<Table>(document.data);
    check_version(root, document, Need::required);
    only_keys(reader_, root, "a cap file", Place::cap_file);
    if (const Entry* entry = root.find("name")) {
      std::string unused;
      read_name(reader_, entry->value, "name", unused);
    }
    if (const Value* cap = reader_.require(root, document, "cap", "a cap file"))
      read_cap(reader_, *cap, policy_.cap);
  }

  void read_tests_beside(const std::string& file) {
    if (file.starts_with(kBuiltin)) return;
    std::string_view stem = file;
    if (stem.ends_with(".toml")) stem.remove_suffix(std::string_view(".toml").size());
    const std::string path = std::string(stem) + ".test.toml";
    if (was_read(path)) return;
    auto text = read_(path);
    if (!text && text.error().kind() == ErrorKind::not_found) return;
    if (!text) {
      auto [message, hint] = split_hint(text.error());
      return reader_.report(
          {code_of(text.error()), {path, 1, 1}, 1, std::move(message), std::move(hint)});
    }
    loaded_.files.push_back({path, *std::move(text)});
    const auto document = parse(loaded_.files.size() - 1);
    if (!document) return;
    const Table& root = std::get<Table>(document->data);
    check_version(root, *document, Need::optional);
    only_keys(reader_, root, "a file of tests", Place::test_file);
    read_tests(root);
  }

  void check_binds() {
    for (const Bind& bind : policy_.binds) {
      for (const ToolRule& rule : bind.tools) {
        if (policy_.parts.contains(rule.profile)) continue;
        reader_.report(Code::undefined, rule.origin,
                       std::format("no profile named `{}`", rule.profile),
                       nearest(rule.profile, names_of(policy_.parts)));
      }
    }
    for (std::size_t i = 0; i < policy_.binds.size(); ++i) {
      for (std::size_t j = i + 1; j < policy_.binds.size(); ++j) {
        if (!overlap(policy_.binds[i], policy_.binds[j])) continue;
        reader_.report({Code::overlap, policy_.binds[j].origin, 1,
                        std::format("this bind and the one of line {} can apply to the same call",
                                    policy_.binds[i].origin.line),
                        "exactly one bind must apply: name environment or agent in both"});
      }
    }
  }

  void check_secrets() {
    constexpr std::string_view kInject = "egress.inject.";
    for (const auto& [name, part] : policy_.parts) {
      for (const auto& [key, origin] : part.own.origins) {
        if (!key.starts_with(kInject)) continue;
        const std::string secret = key.substr(kInject.size());
        if (secret.empty() || policy_.secrets.contains(secret)) continue;
        reader_.report(Code::undefined, origin, std::format("no secret named `{}`", secret),
                       nearest(secret, names_of(policy_.secrets)));
      }
    }
  }

  const ReadFile& read_;
  Day today_;
  DocumentReader reader_;
  Policy policy_;
  Loaded loaded_;
};

}  // namespace

Loaded load(const std::string& file, std::string_view text, const ReadFile& read, Day today) {
  return Loader(read, today).run(file, text);
}

Loaded load(const std::string& file, std::string_view text) {
  return load(file, text, read_from({}), Day::max());
}

bool is_cap_file(std::string_view text) {
  const auto document = parse_document("", text);
  if (!document) return false;
  const Entry* cap = std::get<Table>(document->data).find("cap");
  return cap != nullptr && is_table(cap->value);
}

LoadedCap load_cap(const std::string& file, std::string_view text) {
  return Loader(read_from({}), Day::max()).run_cap(file, text);
}

ReadFile read_from(std::vector<SourceFile> files) {
  return [files = std::move(files)](const std::string& path) -> Result<std::string> {
    const auto at = std::ranges::find(files, path, &SourceFile::name);
    if (at == files.end()) return Error(ErrorKind::not_found, "is not there");
    return at->text;
  };
}

std::string to_text(const Loaded& loaded) {
  return to_text(loaded.diagnostics, loaded.files);
}

}  // namespace glovebox::policy
