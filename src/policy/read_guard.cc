#include <format>
#include <set>

#include "policy/guard_name.h"
#include "policy/read_profile.h"

namespace glovebox::policy {

void read_guard(DocumentReader& reader, const Value& value, std::vector<Guard>& guard) {
  const Array* list = reader.array(value, "guard");
  if (list == nullptr) return;
  constexpr std::string_view kExample = R"(guard = [".git/hooks", ".vscode", ".env*"])";
  if (list->empty())
    return reader.report(Code::inert, value, "an empty guard guards nothing",
                         std::string(kExample));
  if (list->size() > kMaxGuards)
    return reader.report(Code::bad_value, value,
                         std::format("a profile guards at most {} names", kMaxGuards));
  std::set<std::string> seen;
  for (const Value& element : *list) {
    const std::string* name = reader.text(element, "a guarded name");
    if (name == nullptr) continue;
    if (!is_guard_name(*name)) {
      reader.report(Code::bad_path, element,
                    std::format("a guarded name is relative to the workspace and to each "
                                "repository in it, at most {} components without `.`, `..`, `//` "
                                "and slash at its end",
                                kMaxGuardParts),
                    std::string(kExample));
    } else if (!has_plain_pattern(*name)) {
      reader.report(Code::bad_path, element,
                    "`*` can only end the last component of a guarded name, after at least one "
                    "other character",
                    ".env* stands for .env, .env.local and .envrc");
    } else if (!seen.insert(*name).second) {
      reader.report(Code::duplicate, element, std::format("`{}` is guarded twice", *name));
    } else {
      guard.push_back({*name, element.origin});
    }
  }
}

}  // namespace glovebox::policy
