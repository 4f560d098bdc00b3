#include <algorithm>
#include <string>

#include "policy/normal_path.h"
#include "policy/read_profile.h"

namespace glovebox::policy {

namespace {

// A relative path of one or more parts; `*` ends the last part at most.
bool is_guard_name(const std::string& text) {
  if (text.empty() || text.size() > kMaxName || !is_normal_path("/" + text)) return false;
  const auto star = text.find('*');
  return star == std::string::npos ||
         (star + 1 == text.size() && star > 0 && text[star - 1] != '/');
}

}  // namespace

void read_guard(DocumentReader& reader, const Value& value, std::vector<Guard>& guard) {
  read_texts(reader, value, "guard", [&](const Value& at, const std::string& text) {
    if (!is_guard_name(text))
      return reader.report(Code::bad_value, at,
                           "a guarded name is a relative path without `.`, `..` and `//`; `*` "
                           "stands at its end only",
                           "\".git/hooks\", \".vscode\", \".env*\"");
    guard.push_back({text, at.origin});
  });
}

}  // namespace glovebox::policy
