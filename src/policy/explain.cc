#include "policy/explain.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <format>
#include <set>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "codec/json.h"
#include "policy/file_place.h"
#include "policy/host_match.h"
#include "policy/http_path.h"
#include "policy/limit_names.h"

namespace glovebox::policy {

namespace {

constexpr std::size_t kWordsWidth = 46;

std::optional<Origin> known(const Origin* origin) {
  return origin == nullptr || origin->line == 0 ? std::nullopt : std::optional(*origin);
}

std::string_view mode_word(MountMode mode) {
  switch (mode) {
    case MountMode::read_only:
      return "ro";
    case MountMode::read_write:
      return "rw";
    case MountMode::tmpfs:
      return "tmp";
    case MountMode::hide:
      break;
  }
  return "hide";
}

std::string_view mode_word(EgressMode mode) {
  constexpr std::array<std::string_view, 4> kWords = {"http", "inspect", "sni", "raw"};
  return kWords.at(static_cast<std::size_t>(mode));
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  return text;
}

class Explainer {
 public:
  Explainer(const Policy& policy, const Filters& filters, const Profile& profile)
      : policy_(policy), filters_(filters), profile_(profile) {}

  std::vector<ExplainedLine> lines() {
    add(std::format("root {}", profile_.root.kind == Root::Kind::host
                                   ? "host"
                                   : "image:" + profile_.root.image),
        &profile_.root.origin, policy_.cap ? &policy_.cap->root.origin : nullptr);
    mounts();
    for (const auto& [name, value] : profile_.env)
      add(std::format("env {}={}", name, value), origin_of(profile_, "env." + name), nullptr);
    keyed(std::format("background {}", profile_.background == Background::keep ? "keep" : "kill"),
          "background");
    keyed(std::format("user {}", profile_.user == BoxUser::root ? "root" : "agent"), "user");
    limits();
    keyed(std::format("syscalls {}", profile_.syscalls), "syscalls");
    keyed(std::format("landlock {}", profile_.landlock_abi), "landlock");
    for (const std::string& device : profile_.devices)
      keyed("device " + device, "devices." + device);
    for (const Guard& guard : profile_.guard) add("guard " + guard.name, &guard.origin, nullptr);
    egress();
    denials();
    for (const Approval& approval : profile_.approvals)
      add(std::format(
              "approve {} by {}, within {}, else deny", approval.tool, approval.by,
              limit_text(LimitUnit::time, static_cast<std::uint64_t>(approval.timeout.count()))),
          &approval.origin, nullptr);
    audit();
    return std::move(lines_);
  }

  std::vector<std::string> summary(const ToolRuling& tool, const std::string& name) {
    std::vector<std::string> all;
    all.push_back(std::format("Tool `{}` runs with profile `{}`.", name, profile_.name));
    if (!tool.approvals.empty()) {
      std::vector<std::string> by;
      for (const Approval* approval : tool.approvals) by.push_back("`" + approval->by + "`");
      all.push_back(std::format("Each call waits for the approval of {}.", joined(by)));
    }
    all.push_back(files());
    all.push_back(programs());
    all.push_back(network());
    all.push_back(std::format("A call gets at most {} of time, {} of memory and {} processes.",
                              limit_text(LimitUnit::time, limit_at(profile_.limits, 0).value),
                              limit_text(LimitUnit::bytes, profile_.limits.memory.value.bytes()),
                              profile_.limits.pids.value));
    if (profile_.background == Background::keep)
      all.emplace_back("What it leaves running lives until the session ends.");
    return all;
  }

 private:
  void add(std::string words, const Origin* origin, const Origin* cap) {
    lines_.push_back({std::move(words), known(origin), known(cap)});
  }
  void keyed(std::string words, const std::string& key) {
    add(std::move(words), origin_of(profile_, key),
        policy_.cap ? origin_of(*policy_.cap, key) : nullptr);
  }

  void mounts() {
    for (const Mount& mount : profile_.mounts) {
      std::string words = std::format("mount {} {}", mount.at, mode_word(mount.mode));
      if (mount.exec == Exec::yes) words += " exec";
      if (mount.from) words += " from " + *mount.from;
      if (mount.size) words += " size " + limit_text(LimitUnit::bytes, mount.size->bytes());
      const Origin* cap = policy_.cap ? find_place(*policy_.cap, box_path(mount.at)).rule : nullptr;
      add(std::move(words), &mount.origin, cap);
    }
  }

  void limits() {
    for (std::size_t i = 0; i < kLimitNames.size(); ++i) {
      const LimitView limit = limit_at(profile_.limits, i);
      std::string words = std::format("limit {} {}", kLimitNames.at(i).name,
                                      limit_text(kLimitNames.at(i).unit, limit.value));
      if (limit.enforce == Enforce::wall) words += ", only behind a wall";
      add(std::move(words), limit.origin,
          policy_.cap ? limit_at(policy_.cap->limits, i).origin : nullptr);
    }
  }

  void egress() {
    for (const EgressRule& rule : profile_.egress) {
      std::string words = std::format("egress {}:{}", target_text(rule.target), rule.ports.first);
      if (rule.ports.last != rule.ports.first) words += std::format("-{}", rule.ports.last);
      words += std::format(" {}", mode_word(rule.mode));
      if (rule.whole_host) words += " whole host";
      if (rule.trusted) words += " trusted";
      if (rule.private_addresses) words += " private";
      if (rule.inject) words += " with secret " + *rule.inject;
      const Origin* cap = policy_.cap ? cap_of(rule) : nullptr;
      add(std::move(words), &rule.origin, cap);
      for (const HttpRule& allow : rule.allow) add("  " + to_string(allow), &allow.origin, cap);
    }
  }

  // The rule of the cap that gives what the rule gives.
  const Origin* cap_of(const EgressRule& rule) const {
    const std::vector<EgressTarget> targets = {rule.target};
    for (const codec::Host& host : host_classes(targets))
      if (matches(rule.target, host))
        return judge(*policy_.cap, ConnectRequest{{host, rule.ports.first}}).rule;
    return nullptr;
  }

  void denials() {
    const Deny& deny = profile_.deny;
    for (const auto& item : deny.tools) add("deny tool " + item.value, &item.origin, nullptr);
    for (const auto& item : deny.paths) add("deny path " + item.value, &item.origin, nullptr);
    for (const auto& item : deny.syscalls) add("deny syscall " + item.value, &item.origin, nullptr);
    for (const auto& item : deny.egress)
      add("deny egress " + target_text(item.value), &item.origin, nullptr);
  }

  void audit() {
    constexpr std::array<std::string_view, 3> kLevels = {"metadata", "args", "args+output"};
    keyed(std::format("audit level {}", kLevels.at(static_cast<std::size_t>(profile_.audit.level))),
          "audit.level");
    keyed(std::format("audit egress {}",
                      profile_.audit.egress == AuditEgress::durable ? "durable" : "ordered"),
          "audit.egress");
    for (const std::string& name : profile_.audit.capture)
      keyed("audit capture " + name, "audit.capture." + name);
  }

  bool may(FileAct act, std::string_view path) const {
    return judge(profile_, filters_, FileRequest{act, std::string(path)}).allowed;
  }

  std::string files() const {
    std::vector<std::string> written, read, scratch;
    for (const Mount& mount : profile_.mounts) {
      const std::string path = box_path(mount.at);
      if (may(FileAct::write, path))
        (mount.mode == MountMode::tmpfs ? scratch : written).push_back("`" + mount.at + "`");
      else if (may(FileAct::read, path))
        read.push_back("`" + mount.at + "`");
    }
    std::string text = written.empty() ? "It can change nothing that outlives the box"
                                       : "It can change " + joined(written);
    if (!scratch.empty()) text += "; it has scratch space in " + joined(scratch);
    if (!read.empty()) text += "; of the host's own data it can read " + joined(read);
    return text + ".";
  }

  std::string programs() const {
    if (!can_execute(profile_, filters_)) return "It can start no program.";
    std::vector<std::string> places;
    for (const Mount& mount : profile_.mounts)
      if (may(FileAct::exec, box_path(mount.at))) places.push_back("`" + mount.at + "`");
    return places.empty()
               ? "It can run the programs of the system, none that it writes itself."
               : "It can run the programs of the system, and what lies in " + joined(places) + ".";
  }

  std::string network() const {
    std::set<std::string> names;
    for (const EgressRule& rule : profile_.egress)
      names.insert("`" + target_text(rule.target) + "`");
    if (names.empty()) return "It can reach nothing outside the box.";
    return "It can reach " + joined({names.begin(), names.end()}) + " and nothing else.";
  }

  const Policy& policy_;
  const Filters& filters_;
  const Profile& profile_;
  std::vector<ExplainedLine> lines_;
};

codec::Json place_json(const std::optional<Origin>& origin) {
  if (!origin) return {};
  return codec::Json::object({{"file", origin->file},
                              {"line", static_cast<std::int64_t>(origin->line)},
                              {"column", static_cast<std::int64_t>(origin->column)}});
}

}  // namespace

Explanation explain(const Policy& policy, const Filters& filters, const Who& who) {
  Explanation explanation;
  explanation.who = who;
  const ToolRuling tool = rule_tool(policy, who);
  if (tool.answer == Answer::deny) {
    explanation.summary.push_back(
        std::format("Tool `{}` is denied: {}.", who.tool, tool.decision.reason));
    explanation.lines.push_back({"deny", known(&tool.decision.rule), {}});
    return explanation;
  }
  explanation.profile = tool.profile->name;
  Explainer explainer(policy, filters, *tool.profile);
  explanation.summary = explainer.summary(tool, who.tool);
  explanation.lines.push_back(
      {std::format("tool {} = {}", who.tool, tool.profile->name), known(&tool.decision.rule), {}});
  std::ranges::move(explainer.lines(), std::back_inserter(explanation.lines));
  return explanation;
}

std::string to_text(const Explanation& explanation) {
  std::string text = std::format("What is allowed {}\n\n", to_string(explanation.who));
  for (const std::string& sentence : explanation.summary)
    text += escape_for_terminal(sentence) + "\n";
  text += "\n";
  for (const ExplainedLine& line : explanation.lines) {
    text += std::format("{:<{}}  {}\n", escape_for_terminal(line.words), kWordsWidth,
                        line.origin ? to_string(*line.origin) : "default");
    if (line.cap) text += std::format("{:<{}}  cap {}\n", "", kWordsWidth, to_string(*line.cap));
  }
  return text;
}

std::string to_json(const Explanation& explanation) {
  using codec::Json;
  codec::JsonArray summary, lines;
  for (const std::string& sentence : explanation.summary) summary.emplace_back(sentence);
  for (const ExplainedLine& line : explanation.lines)
    lines.push_back(Json::object(
        {{"words", line.words}, {"at", place_json(line.origin)}, {"cap", place_json(line.cap)}}));
  return codec::to_json(Json::object({{"environment", explanation.who.environment},
                                      {"agent", explanation.who.agent},
                                      {"tool", explanation.who.tool},
                                      {"profile", explanation.profile},
                                      {"summary", std::move(summary)},
                                      {"lines", std::move(lines)}})) +
         "\n";
}

}  // namespace glovebox::policy
