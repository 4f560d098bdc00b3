#include <algorithm>
#include <format>
#include <set>

#include "policy/read_profile.h"

namespace glovebox::policy {

namespace {

void read_bounded(DocumentReader& reader, const Value& value, std::string_view what,
                  std::size_t most, std::string& into) {
  const std::string* given = reader.text(value, what);
  if (given == nullptr) return;
  if (given->empty() || given->size() > most)
    return reader.report(Code::bad_value, value,
                         std::format("{} must have 1 to {} bytes", what, most));
  into = *given;
}

}  // namespace

void read_name(DocumentReader& reader, const Value& value, std::string_view what,
               std::string& name) {
  read_bounded(reader, value, what, kMaxName, name);
}

void read_sentence(DocumentReader& reader, const Value& value, std::string_view what,
                   std::string& sentence) {
  read_bounded(reader, value, what, kMaxSentence, sentence);
}

void read_texts(DocumentReader& reader, const Value& value, std::string_view what,
                const std::function<void(const Value&, const std::string&)>& use) {
  const Array* list = reader.array(value, what);
  if (list == nullptr) return;
  if (list->size() > kMaxList)
    return reader.report(Code::bad_value, value,
                         std::format("{} has more than {} elements", what, kMaxList));
  std::set<std::string_view> seen;
  for (const Value& element : *list) {
    const std::string* text = reader.text(element, std::format("each of {}", what));
    if (text == nullptr) continue;
    if (!seen.insert(*text).second) {
      reader.report(Code::duplicate, element, std::format("`{}` stands twice in {}", *text, what));
      continue;
    }
    use(element, *text);
  }
}

bool is_tool_pattern(std::string_view pattern) {
  const auto star = pattern.find('*');
  return !pattern.empty() && pattern.size() <= kMaxName &&
         (star == std::string_view::npos || star + 1 == pattern.size());
}

void report_later(DocumentReader& reader, const Key& key) {
  reader.report(Code::not_in_this_version, key,
                std::format("`{}` is not in this version of glovebox", key.name),
                "remove it: what cannot be enforced is refused, never ignored");
}

}  // namespace glovebox::policy
