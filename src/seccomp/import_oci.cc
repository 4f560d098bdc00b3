#include "seccomp/import_oci.h"

#include <algorithm>
#include <format>
#include <set>
#include <utility>

#include "seccomp/expression.h"
#include "seccomp/filter.h"
#include "seccomp/oci_rules.h"
#include "seccomp/parse.h"

namespace glovebox::seccomp {

namespace {

constexpr std::size_t kColumns = 100;
constexpr std::string_view kReason = "imported, to be reviewed";

// Words as comment lines of a width that people read.
std::string comment(std::string_view words) {
  std::string text, line = "#";
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (line.size() + 1 + end > kColumns) text += std::exchange(line, "#") + "\n";
    line += std::format(" {}", words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return text + line + "\n";
}

std::string joined(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
  return text;
}

// The line of a rule, its reason on a line of its own where both are long. Empty: too long.
std::string line_of(const std::string& name, const OciRule& rule) {
  std::string text = std::format("{}: {}", name, to_string(rule.action));
  if (rule.condition)
    text += std::format(" if {} else {}", to_expression(rule.condition->when),
                        to_string(rule.condition->otherwise));
  const std::string reason =
      std::format("# {}{}{}", kReason, rule.note.empty() ? "" : ": ", rule.note);
  if (text.size() + reason.size() + 8 > kMaxLine) return {};
  const bool fits = text.size() + 2 + reason.size() <= kColumns;
  return std::format("{}{}{}\n", text, fits ? "  " : "\n    ", reason);
}

std::string header(const OciProfile& profile) {
  std::string text =
      comment("A draft, imported from an OCI seccomp profile: review each line before it is used.");
  text += comment(
      "Resolved so: no capability is held; the architecture is x86-64; every kernel version is "
      "taken as reached; calls by the numbers of another architecture kill the process.");
  if (profile.has_notes)
    text += comment("Left out: flags and listener of the profile, which are the loader's.");
  if (profile.fallback == Action{Action::Kind::error, 1})
    text += comment(
        "The default is the profile's. With errno(ENOSYS) libraries fall back to older calls.");
  return text;
}

}  // namespace

Result<std::string> import_oci(std::string_view json) {
  const OciProfile profile = TRY(parse_oci_profile(json));
  if (!profile.architectures.empty() &&
      std::ranges::find(profile.architectures, "SCMP_ARCH_X86_64") == profile.architectures.end())
    return Error(ErrorKind::invalid,
                 "architectures: SCMP_ARCH_X86_64 is not among them\n"
                 "hint: conditions are resolved for x86-64");
  OciRules resolved = resolve(profile);
  std::string lines;
  for (const auto& [name, rule] : resolved.rules) {
    const std::string line = line_of(name, rule);
    if (line.empty()) resolved.left_out["conditions that a text has no words for"].insert(name);
    lines += line;
  }
  std::string text = header(profile);
  for (const auto& [why, names] : resolved.left_out)
    text += comment(std::format("Left out, {}: {}", why, joined(names)));
  text += std::format("default: {}\n{}", to_string(profile.fallback), lines);
  for (const Arch arch : kArches)
    if (const auto proved = prove_text("import", text, FilterUser::tool, arch); !proved)
      return Error(ErrorKind::internal, "the draft is no filter:\n" + to_text(proved.error()));
  return text;
}

}  // namespace glovebox::seccomp
