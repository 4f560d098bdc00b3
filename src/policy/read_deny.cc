// What is denied whatever allows it, and what somebody has to allow first.
#include <algorithm>
#include <format>

#include "policy/guard_name.h"
#include "policy/normal_path.h"
#include "policy/read_profile.h"
#include "seccomp/words.h"

namespace glovebox::policy {

namespace {

bool is_box_path(std::string_view text) {
  if (text == "@workspace") return true;
  if (const auto name = in_workspace(text); !name.empty()) return is_guard_name(name);
  return text != "/" && is_normal_path(text);
}

bool is_syscall_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

void read_deny(DocumentReader& reader, const Value& value, Deny& deny) {
  const Table* given = reader.table(value, "deny");
  if (given == nullptr) return;
  only_keys(reader, *given, "deny", Place::deny);
  const auto list = [&](std::string_view key, const auto& use) {
    if (const Entry* entry = given->find(key))
      read_texts(reader, entry->value, std::format("deny.{}", key), use);
  };
  list("tools", [&](const Value& at, const std::string& text) {
    if (!is_tool_pattern(text)) return reader.report(Code::bad_value, at, std::string(kToolForm));
    deny.tools.push_back({text, at.origin});
  });
  list("paths", [&](const Value& at, const std::string& text) {
    if (!is_box_path(text))
      return reader.report(Code::bad_path, at,
                           std::format("a path is absolute without `.`, `..`, `//` and slash at "
                                       "its end, not `/`, or at most {} components below "
                                       "@workspace",
                                       kMaxGuardParts));
    if (has_idle_star(text))
      return reader.report(Code::bad_path, at, std::string(kStarForm), std::string(kStarHint));
    deny.paths.push_back({text, at.origin});
  });
  list("syscalls", [&](const Value& at, const std::string& text) {
    if (!is_syscall_name(text))
      return reader.report(Code::bad_value, at, "a system call is a name: \"ptrace\"");
    if (!seccomp::syscall_number(text))
      return reader.report(Code::undefined, at, std::format("no system call named `{}`", text),
                           "names as `glovebox seccomp show bash` prints them");
    deny.syscalls.push_back({text, at.origin});
  });
  list("egress", [&](const Value& at, const std::string& text) {
    if (const auto target = read_target(reader, at, text))
      deny.egress.push_back({*target, at.origin});
  });
}

void read_approvals(DocumentReader& reader, const Value& value, std::vector<Approval>& approvals) {
  const Array* list = reader.array(value, "approve");
  if (list == nullptr) return;
  for (const Value& element : *list) {
    const Table* given = reader.table(element, "an approval");
    if (given == nullptr) continue;
    only_keys(reader, *given, "an approval", Place::approve);
    Approval approval;
    approval.origin = element.origin;
    const auto need = [&](std::string_view key) {
      return reader.require(*given, element, key, "an approval");
    };
    if (const Value* when = need("when")) {
      if (const Table* table = reader.table(*when, "when")) {
        only_keys(reader, *table, "when", Place::when);
        const Value* tool = reader.require(*table, *when, "tool", "when");
        if (tool != nullptr) read_name(reader, *tool, "tool", approval.tool);
        if (!approval.tool.empty() && !is_tool_pattern(approval.tool))
          reader.report(Code::bad_value, *tool, std::string(kToolForm));
      }
    }
    if (const Value* by = need("by")) {
      read_name(reader, *by, "by", approval.by);
      const auto colon = approval.by.find(':');
      if (!approval.by.empty() &&
          (colon == 0 || colon == std::string::npos || colon + 1 == approval.by.size()))
        reader.report(Code::bad_value, *by, "who is asked is \"channel:name\"",
                      "by = \"webhook:sec-desk\"");
    }
    if (const Value* timeout = need("timeout"))
      if (const auto time = read_time(reader, *timeout, "`timeout`")) approval.timeout = *time;
    if (const Value* otherwise = need("otherwise")) {
      // Nothing else: an answer that nobody gave is no.
      if (reader.word<bool>(*otherwise, "otherwise", {{"deny", false}}))
        approval.origin = otherwise->origin;
    }
    approvals.push_back(std::move(approval));
  }
}

}  // namespace glovebox::policy
