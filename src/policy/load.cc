#include "policy/load.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <format>
#include <set>
#include <utility>

#include "policy/normal_path.h"
#include "policy/scan.h"
#include "policy/suggestion.h"

// The library would end the process on input that its parser then reports as an error.
#define TOML_ASSERT(condition) static_cast<void>(0)
#include <toml++/toml.h>

namespace glovebox::policy {

namespace {

constexpr int kSchemaVersion = 1;

// Keys of the policy language that a later version of glovebox carries out.
constexpr std::array<std::string_view, 7> kLaterTop = {"cap",  "include", "secret",    "test",
                                                       "tool", "sign",    "deployment"};
constexpr std::array<std::string_view, 8> kLaterProfile = {"extends", "why",   "expires", "egress",
                                                           "approve", "audit", "deny",    "guard"};

class Loader {
 public:
  Loader(const std::string& file, Loaded& loaded) : file_(file), loaded_(loaded) {
    policy_.file = file;
  }

  void run(const toml::table& root) {
    for (const auto& [key, value] : root) top_key(key, value);
    if (!root.contains("glovebox"))
      report(Code::missing_key, {file_, 1, 1}, 1, "`glovebox = 1` must be the first key", "");
    if (!root.contains("bind"))
      report(Code::missing_key, {file_, 1, 1}, 1, "no [[bind]]: nothing would be allowed",
             "bind tools to a profile: [[bind]] tools = { bash = \"NAME\" }");
    check_first_key(root);
    check_binds();
    std::ranges::sort(loaded_.diagnostics, {}, [](const Diagnostic& d) {
      return std::pair(d.origin.line, d.origin.column);
    });
    if (loaded_.diagnostics.empty()) loaded_.policy = std::move(policy_);
  }

 private:
  Origin at(const toml::source_region& region) const {
    return {file_, region.begin.line, region.begin.column};
  }
  Origin at(const toml::node& node) const { return at(node.source()); }

  static std::uint32_t width_of(const toml::source_region& region) {
    if (region.end.line != region.begin.line || region.end.column <= region.begin.column) return 1;
    return region.end.column - region.begin.column;
  }

  void report(Code code, Origin origin, std::uint32_t width, std::string message,
              std::string hint) {
    loaded_.diagnostics.push_back(
        {code, std::move(origin), width, std::move(message), std::move(hint)});
  }
  void report(Code code, const toml::node& node, std::string message, std::string hint = "") {
    report(code, at(node), width_of(node.source()), std::move(message), std::move(hint));
  }
  void report_key(Code code, const toml::key& key, std::string message, std::string hint = "") {
    report(code, at(key.source()), width_of(key.source()), std::move(message), std::move(hint));
  }

  void unknown_key(const toml::key& key, std::string_view where,
                   std::initializer_list<std::string_view> known) {
    report_key(Code::unknown_key, key, std::format("unknown key `{}` in {}", key.str(), where),
               nearest(key.str(), known));
  }

  const std::string* text(const toml::node& node, std::string_view what) {
    if (const auto* value = node.as_string()) return &value->get();
    report(Code::wrong_type, node, std::format("{} must be a string", what));
    return nullptr;
  }

  const toml::table* table(const toml::node& node, std::string_view what) {
    if (const auto* value = node.as_table()) return value;
    report(Code::wrong_type, node, std::format("{} must be a table", what));
    return nullptr;
  }

  std::optional<bool> flag(const toml::node& node, std::string_view what) {
    if (const auto* value = node.as_boolean()) return value->get();
    report(Code::wrong_type, node, std::format("{} must be true or false", what));
    return std::nullopt;
  }

  template <class E>
  std::optional<E> word(const toml::node& node, std::string_view what,
                        std::initializer_list<std::pair<std::string_view, E>> words) {
    const std::string* given = text(node, what);
    if (given == nullptr) return std::nullopt;
    std::string list;
    for (const auto& [name, value] : words) {
      if (*given == name) return value;
      list += std::format("{}\"{}\"", list.empty() ? "" : ", ", name);
    }
    report(Code::bad_value, node, std::format("{} must be one of {}", what, list));
    return std::nullopt;
  }

  // --- top level

  void top_key(const toml::key& key, const toml::node& value) {
    const std::string_view name = key.str();
    if (name == "glovebox") return schema_version(value);
    if (name == "name") {
      if (const std::string* given = text(value, "name")) policy_.name = *given;
      return;
    }
    if (name == "bind") return binds(value);
    if (name == "profile") return profiles(value);
    if (std::ranges::find(kLaterTop, name) != kLaterTop.end()) return later(key);
    unknown_key(key, "the policy", {"glovebox", "name", "bind", "profile"});
  }

  void later(const toml::key& key) {
    report_key(Code::not_in_this_version, key,
               std::format("`{}` is not in this version of glovebox", key.str()),
               "remove it: what cannot be enforced is refused, never ignored");
  }

  void schema_version(const toml::node& value) {
    const auto* number = value.as_integer();
    if (number == nullptr) return report(Code::wrong_type, value, "glovebox must be an integer");
    if (number->get() != kSchemaVersion)
      report(Code::bad_value, value,
             std::format("schema version {} is not known, this binary reads {}", number->get(),
                         kSchemaVersion));
  }

  void check_first_key(const toml::table& root) {
    const auto version = root.find("glovebox");
    if (version == root.end()) return;
    for (const auto& [key, value] : root) {
      if (at(key.source()).line < at(version->first.source()).line) {
        report_key(Code::bad_value, version->first, "`glovebox` must be the first key");
        return;
      }
    }
  }

  // --- binds

  void binds(const toml::node& node) {
    const auto* list = node.as_array();
    if (list == nullptr) return report(Code::wrong_type, node, "bind must be [[bind]] tables");
    for (const toml::node& element : *list) {
      if (const auto* given = table(element, "bind")) bind(*given);
    }
  }

  void bind(const toml::table& given) {
    Bind result;
    result.origin = at(given);
    for (const auto& [key, value] : given) {
      if (key == "environment" || key == "agent") {
        const std::string* id = text(value, key.str());
        if (id == nullptr) continue;
        if (id->empty() || id->size() > 256) {
          report(Code::bad_value, value, std::format("{} must have 1 to 256 bytes", key.str()));
          continue;
        }
        (key == "environment" ? result.environment : result.agent) = *id;
      } else if (key == "tools") {
        if (const auto* tools = table(value, "tools")) bind_tools(*tools, result);
      } else {
        unknown_key(key, "[[bind]]", {"environment", "agent", "tools"});
      }
    }
    if (result.tools.empty() && !given.contains("tools"))
      report(Code::missing_key, given, "a bind needs tools", "tools = { \"*\" = \"PROFILE\" }");
    policy_.binds.push_back(std::move(result));
  }

  void bind_tools(const toml::table& tools, Bind& result) {
    if (tools.empty()) report(Code::inert, tools, "a bind without any tool allows nothing");
    for (const auto& [key, value] : tools) {
      const std::string pattern(key.str());
      const auto star = pattern.find('*');
      if (pattern.empty() || pattern.size() > 256 ||
          (star != std::string::npos && star + 1 != pattern.size())) {
        report_key(Code::bad_value, key, "a tool is a name, or a prefix with `*` at its end");
        continue;
      }
      if (const std::string* profile = text(value, "profile name"))
        result.tools.push_back({pattern, *profile, at(value)});
    }
  }

  void check_binds() {
    std::set<std::string> used;
    for (const Bind& bind : policy_.binds) {
      for (const ToolRule& rule : bind.tools) {
        used.insert(rule.profile);
        if (!policy_.profiles.contains(rule.profile))
          report(Code::undefined, rule.origin, static_cast<std::uint32_t>(rule.profile.size() + 2),
                 std::format("no profile named `{}`", rule.profile), "");
      }
    }
    for (std::size_t i = 0; i < policy_.binds.size(); ++i) {
      for (std::size_t j = i + 1; j < policy_.binds.size(); ++j)
        if (overlap(policy_.binds[i], policy_.binds[j]))
          report(Code::overlap, policy_.binds[j].origin, 1,
                 std::format("this bind and the one of line {} can apply to the same call",
                             policy_.binds[i].origin.line),
                 "exactly one bind must apply: name environment or agent in both");
    }
  }

  static bool overlap(const Bind& a, const Bind& b) {
    const auto meet = [](const auto& x, const auto& y) { return !x || !y || *x == *y; };
    return meet(a.environment, b.environment) && meet(a.agent, b.agent);
  }

  // --- profiles

  void profiles(const toml::node& node) {
    const auto* given = table(node, "profile");
    if (given == nullptr) return;
    for (const auto& [key, value] : *given) {
      if (const auto* body = table(value, "profile")) {
        Profile profile;
        profile.name = key.str();
        profile.origin = at(key.source());
        for (const auto& [inner, inner_value] : *body) profile_key(profile, inner, inner_value);
        policy_.profiles.emplace(profile.name, std::move(profile));
      }
    }
  }

  void profile_key(Profile& profile, const toml::key& key, const toml::node& value) {
    const std::string_view name = key.str();
    if (name == "root") return root(profile, value);
    if (name == "mount") return mounts(profile, value);
    if (name == "env") return environment(profile, value);
    if (name == "limits") return limits(profile, value);
    if (name == "syscalls") return syscalls(profile, value);
    if (name == "landlock") return landlock(profile, value);
    if (name == "user") {
      if (const auto user =
              word<BoxUser>(value, "user", {{"agent", BoxUser::agent}, {"root", BoxUser::root}}))
        profile.user = *user;
      return;
    }
    if (name == "background") {
      const auto keep = word<bool>(value, "background", {{"kill", false}, {"keep", true}});
      if (keep && *keep)
        report(Code::not_in_this_version, value, "background = \"keep\" is not in this version",
               "background = \"kill\": everything a call started ends with it");
      return;
    }
    if (name == "devices" || std::ranges::find(kLaterProfile, name) != kLaterProfile.end())
      return later(key);
    unknown_key(key, std::format("profile `{}`", profile.name),
                {"root", "mount", "env", "background", "user", "limits", "syscalls", "landlock"});
  }

  void root(Profile& profile, const toml::node& value) {
    const std::string* given = text(value, "root");
    if (given == nullptr) return;
    profile.root.origin = at(value);
    if (*given == "host") return;
    if (given->starts_with("image:") && given->size() > 6) {
      profile.root.kind = Root::Kind::image;
      profile.root.image = given->substr(6);
      return;
    }
    report(Code::bad_value, value, "root must be \"host\" or \"image:NAME\"");
  }

  void mounts(Profile& profile, const toml::node& value) {
    const auto* list = value.as_array();
    if (list == nullptr) return report(Code::wrong_type, value, "mount must be a list of tables");
    std::set<std::string> seen;
    for (const toml::node& element : *list) {
      const auto* given = table(element, "mount");
      if (given == nullptr) continue;
      const auto made = mount(*given);
      if (!made) continue;
      if (!seen.insert(made->at).second)
        report(Code::duplicate, element, std::format("`{}` is mounted twice", made->at));
      profile.mounts.push_back(*made);
    }
  }

  std::optional<Mount> mount(const toml::table& given) {
    Mount result;
    result.origin = at(given);
    std::optional<Exec> exec;
    bool valid = true;
    const auto fail = [&] { valid = false; };
    for (const auto& [key, value] : given) {
      if (key == "at" || key == "from") {
        const std::string* path = text(value, key.str());
        if (path == nullptr || !check_path(value, *path, key == "at")) {
          fail();
        } else if (key == "at") {
          result.at = *path;
        } else {
          result.from = *path;
        }
      } else if (key == "mode") {
        const auto mode = word<MountMode>(value, "mode",
                                          {{"ro", MountMode::read_only},
                                           {"rw", MountMode::read_write},
                                           {"tmp", MountMode::tmpfs},
                                           {"hide", MountMode::hide}});
        mode ? static_cast<void>(result.mode = *mode) : fail();
      } else if (key == "exec") {
        if (const auto allowed = flag(value, "exec")) exec = *allowed ? Exec::yes : Exec::no;
      } else if (key == "size") {
        if (const auto size = bytes(value, "size")) result.size = ByteLimit(*size);
      } else {
        unknown_key(key, "a mount", {"at", "from", "mode", "exec", "size"});
        fail();
      }
    }
    for (const char* needed : {"at", "mode"}) {
      if (given.contains(needed)) continue;
      report(Code::missing_key, given, std::format("a mount needs `{}`", needed));
      fail();
    }
    if (!valid) return std::nullopt;
    // What can be written cannot be run unless the policy says so; what is read-only can.
    result.exec = exec.value_or(result.mode == MountMode::read_only ? Exec::yes : Exec::no);
    if (!sensible(given, result, exec.has_value())) return std::nullopt;
    return result;
  }

  bool check_path(const toml::node& node, const std::string& path, bool anchors) {
    if (anchors && (path == "@workspace" || path == "@tmp")) return true;
    if (anchors && path.starts_with("@workspace/") && is_normal_path(path.substr(10))) return true;
    if (is_normal_path(path)) return true;
    report(Code::bad_path, node,
           anchors ? "a path is absolute without `.`, `..`, `//` and slash at its end, or an anchor"
                   : "a source is an absolute path without `.`, `..`, `//` and slash at its end",
           anchors ? "anchors: @workspace, @workspace/…, @tmp" : "");
    return false;
  }

  bool sensible(const toml::table& given, const Mount& mount, bool exec_given) {
    const auto inert = [&](std::string_view key, std::string_view why) {
      report_key(Code::inert, given.find(key)->first,
                 std::format("`{}` has no effect here: {}", key, why));
      return false;
    };
    const bool anchor = mount.at.starts_with('@');
    if (mount.size && mount.mode != MountMode::tmpfs)
      return inert("size", "only a tmp mount has a size");
    if (mount.from && mount.mode == MountMode::tmpfs) return inert("from", "a tmp mount is empty");
    if (mount.from && mount.mode == MountMode::hide)
      return inert("from", "what is hidden has none");
    if (mount.from && anchor) return inert("from", "an anchor has its own source");
    if (exec_given && mount.mode == MountMode::hide)
      return inert("exec", "nothing is there to run");
    if (mount.at == "@tmp" && mount.mode != MountMode::tmpfs) {
      report(Code::bad_value, given, "@tmp must have mode \"tmp\"");
      return false;
    }
    if (mount.at == "@workspace" &&
        (mount.mode == MountMode::tmpfs || mount.mode == MountMode::hide)) {
      report(Code::bad_value, given, "@workspace must have mode \"rw\" or \"ro\"");
      return false;
    }
    if (mount.at.starts_with("@workspace/") && mount.mode == MountMode::read_only) {
      report(Code::not_in_this_version, given,
             "a read-only place in the workspace is not in this version",
             "mode = \"hide\" hides it");
      return false;
    }
    return anchor || allowed_place(given, mount);
  }

  // Places that no policy may give, whoever reviewed it.
  bool allowed_place(const toml::table& given, const Mount& mount) {
    const auto refuse = [&](std::string message) {
      report(Code::forbidden_mount, given, std::move(message));
      return false;
    };
    const std::string& source = mount.from ? *mount.from : mount.at;
    if (mount.at == "/") return refuse("the root itself cannot be mounted over");
    for (std::string_view place : {"/proc", "/sys", "/dev"}) {
      if (is_below(mount.at, place) && mount.mode != MountMode::hide)
        return refuse(std::format("{} in a box is made by glovebox", place));
      if (mount.mode <= MountMode::read_write && is_below(source, place))
        return refuse(std::format("nothing of {} can be given to a box", place));
    }
    if (mount.at == "/workspace" || mount.at == "/tmp" || mount.at == "/outputs" ||
        is_below(mount.at, "/outputs"))
      return refuse("this place has an anchor or is glovebox's own; name it @workspace or @tmp");
    if (mount.mode <= MountMode::read_write && source == "/")
      return refuse("the whole host cannot be given to a box");
    if (mount.mode == MountMode::read_write) {
      for (std::string_view place : {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
                                     "/etc", "/boot", "/root", "/run"}) {
        if (is_below(source, place))
          return refuse(std::format("{} of the host cannot be given for writing", place));
      }
    }
    return true;
  }

  void environment(Profile& profile, const toml::node& value) {
    const auto* given = table(value, "env");
    if (given == nullptr) return;
    for (const auto& [key, entry] : *given) {
      const std::string_view name = key.str();
      const bool good = !name.empty() && name.size() <= 256 &&
                        name.find_first_not_of(
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                            "0123456789_") == std::string_view::npos &&
                        !(name[0] >= '0' && name[0] <= '9');
      if (!good) {
        report_key(Code::bad_value, key, "an environment variable is letters, digits and `_`");
        continue;
      }
      const std::string* literal = text(entry, "an environment variable");
      if (literal == nullptr) continue;
      if (literal->find('\0') != std::string::npos || literal->size() > 32 * 1024) {
        report(Code::bad_value, entry, "a value has no NUL and at most 32 KiB");
        continue;
      }
      profile.env.emplace(name, *literal);
    }
  }

  void syscalls(Profile& profile, const toml::node& value) {
    const std::string* given = text(value, "syscalls");
    if (given == nullptr) return;
    if (given->starts_with("builtin:")) {
      const std::string_view name = std::string_view(*given).substr(8);
      if (name != "bash" && name != "file" && name != "search") {
        report(Code::undefined, value, std::format("no built-in filter named `{}`", name),
               "builtin:bash, builtin:file, builtin:search");
        return;
      }
      profile.syscalls = *given;
      return;
    }
    report(Code::not_in_this_version, value, "filters of one's own are not in this version",
           "builtin:bash, builtin:file, builtin:search");
  }

  void landlock(Profile& profile, const toml::node& value) {
    const auto* number = value.as_integer();
    if (number == nullptr) return report(Code::wrong_type, value, "landlock must be an integer");
    if (number->get() < 1 || number->get() > 64)
      return report(Code::bad_value, value,
                    "landlock is the ABI that the profile needs, 1 or more");
    profile.landlock_abi = static_cast<int>(number->get());
  }

  // --- limits

  void limits(Profile& profile, const toml::node& value) {
    const auto* given = table(value, "limits");
    if (given == nullptr) return;
    Limits& l = profile.limits;
    for (const auto& [key, entry] : *given) {
      const std::string_view name = key.str();
      if (name == "wall")
        time(entry, name, l.wall);
      else if (name == "cpu")
        time(entry, name, l.cpu);
      else if (name == "cores")
        count(entry, name, l.cores);
      else if (name == "pids")
        count(entry, name, l.pids);
      else if (name == "files")
        count(entry, name, l.files);
      else if (name == "memory")
        size(entry, name, l.memory);
      else if (name == "disk")
        size(entry, name, l.disk);
      else if (name == "tmp")
        size(entry, name, l.tmp);
      else if (name == "output")
        size(entry, name, l.output);
      else
        unknown_key(key, "limits",
                    {"wall", "cpu", "cores", "pids", "files", "memory", "disk", "tmp", "output"});
    }
  }

  // A limit is a scalar, or { value = …, enforce = "wall" }.
  template <class T>
  const toml::node* limit_value(const toml::node& entry, std::string_view name, Limit<T>& limit) {
    limit.origin = at(entry);
    const auto* given = entry.as_table();
    if (given == nullptr) return &entry;
    for (const auto& [key, value] : *given) {
      if (key == "value") continue;
      if (key == "enforce") {
        if (const auto enforce =
                word<Enforce>(value, "enforce", {{"wall", Enforce::wall}, {"best", Enforce::best}}))
          limit.enforce = *enforce;
      } else {
        unknown_key(key, "a limit", {"value", "enforce"});
      }
    }
    const toml::node* value = given->get("value");
    if (value == nullptr)
      report(Code::missing_key, entry, std::format("limit `{}` needs a value", name));
    return value;
  }

  void time(const toml::node& entry, std::string_view name, Limit<milliseconds>& limit) {
    const toml::node* node = limit_value(entry, name, limit);
    if (node == nullptr) return;
    const auto number = scaled(*node, name, "a duration such as \"500ms\", \"30s\" or \"10m\"",
                               {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}},
                               static_cast<std::uint64_t>(milliseconds(kMaxTime).count()));
    if (number) limit.value = milliseconds(*number);
  }

  void size(const toml::node& entry, std::string_view name, Limit<ByteLimit>& limit) {
    const toml::node* node = limit_value(entry, name, limit);
    if (node == nullptr) return;
    if (const auto number = bytes(*node, name)) limit.value = ByteLimit(*number);
  }

  std::optional<std::uint64_t> bytes(const toml::node& node, std::string_view name) {
    return scaled(node, name, "a size such as \"64KiB\", \"512MiB\" or \"2GiB\"",
                  {{"B", 1}, {"KiB", kKiB}, {"MiB", kMiB}, {"GiB", kGiB}}, kMaxBytes);
  }

  std::optional<std::uint64_t> scaled(
      const toml::node& node, std::string_view name, std::string_view form,
      std::initializer_list<std::pair<std::string_view, std::uint64_t>> units, std::uint64_t most) {
    const std::string* given = text(node, std::format("`{}`, {},", name, form));
    if (given == nullptr) return std::nullopt;
    std::uint64_t number = 0;
    const char* const end = given->data() + given->size();
    const auto parsed = std::from_chars(given->data(), end, number);
    const std::string_view unit(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
    if (parsed.ec == std::errc{} && parsed.ptr != given->data()) {
      for (const auto& [suffix, factor] : units) {
        if (unit != suffix) continue;
        if (number == 0) break;
        if (number > most / factor) {
          report(Code::bad_value, node, std::format("`{}` is beyond what any limit may be", name));
          return std::nullopt;
        }
        return number * factor;
      }
    }
    report(Code::bad_value, node, std::format("`{}` must be {}, and not zero", name, form));
    return std::nullopt;
  }

  void count(const toml::node& entry, std::string_view name, Limit<std::uint32_t>& limit) {
    const toml::node* node = limit_value(entry, name, limit);
    if (node == nullptr) return;
    const auto* number = node->as_integer();
    if (number == nullptr)
      return report(Code::wrong_type, *node, std::format("`{}` must be an integer", name));
    if (number->get() < 1 || number->get() > kMaxCount)
      return report(Code::bad_value, *node, std::format("`{}` must be 1 to {}", name, kMaxCount));
    limit.value = static_cast<std::uint32_t>(number->get());
  }

  const std::string& file_;
  Loaded& loaded_;
  Policy policy_;
};

}  // namespace

Loaded load(const std::string& file, std::string_view text) {
  Loaded loaded;
  if (auto problem = scan(file, text)) {
    loaded.diagnostics.push_back(std::move(*problem));
    return loaded;
  }
  const toml::parse_result parsed = toml::parse(text, file);
  if (!parsed) {
    const toml::source_region& region = parsed.error().source();
    loaded.diagnostics.push_back({Code::syntax,
                                  {file, region.begin.line, region.begin.column},
                                  1,
                                  std::string(parsed.error().description()),
                                  ""});
    return loaded;
  }
  Loader(file, loaded).run(parsed.table());
  return loaded;
}

}  // namespace glovebox::policy
