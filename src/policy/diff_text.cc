#include "policy/diff_text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <format>
#include <utility>

#include "base/log.h"
#include "codec/json.h"

namespace glovebox::policy {

namespace {

using codec::Json;
using codec::JsonArray;

constexpr std::size_t kQuoted = 60;       // bytes of a quoted line
constexpr std::size_t kNamedCallers = 4;  // more are counted only

struct Group {
  Direction direction;
  std::string_view title;
};
constexpr std::array<Group, 3> kGroups = {{{Direction::wider, "WIDER"},
                                           {Direction::narrower, "NARROWER"},
                                           {Direction::changed, "CHANGED"}}};

// One entry: a difference and to whom it happens.
struct Entry {
  const Difference* difference;
  const std::vector<Who>* callers;
};

// The graver ones first.
std::vector<Entry> entries_of(const DiffReport& report, Direction direction) {
  std::vector<Entry> entries;
  for (const CallerDifferences& of : report.differences)
    for (const Difference& difference : of.differences)
      if (difference.direction == direction) entries.push_back({&difference, &of.callers});
  std::ranges::stable_sort(entries, std::greater(),
                           [](const Entry& entry) { return entry.difference->risk; });
  return entries;
}

std::string_view word(Risk risk) {
  return risk == Risk::high ? "high" : risk == Risk::medium ? "medium" : "low";
}

std::string_view word(Direction direction) {
  return direction == Direction::wider      ? "wider"
         : direction == Direction::narrower ? "narrower"
                                            : "changed";
}

std::string callers_text(const std::vector<Who>& callers) {
  if (callers.empty()) return "for the whole policy";
  std::string text = to_string(callers.front());
  for (std::size_t i = 1; i < std::min(callers.size(), kNamedCallers); ++i) {
    const bool same_place =
        callers[i].environment == callers[0].environment && callers[i].agent == callers[0].agent;
    text += ", " + (same_place ? callers[i].tool : to_string(callers[i]));
  }
  if (callers.size() > kNamedCallers)
    text += std::format(" and {} more", callers.size() - kNamedCallers);
  return text;
}

std::string witness_text(const Entry& entry) {
  const bool wider = entry.difference->direction == Direction::wider;
  return std::format("{}: {} {}", wider ? "now allowed" : "no longer allowed",
                     to_string(*entry.difference->witness), to_string(entry.callers->front()));
}

// The sentence says nothing that the witness does not.
bool says_witness(const Difference& difference) {
  return difference.witness && difference.what.ends_with(to_string(*difference.witness));
}

std::string quoted(const std::vector<SourceFile>& files, const Origin& origin) {
  const auto file = std::ranges::find(files, origin.file, &SourceFile::name);
  if (file == files.end()) return {};
  std::string_view text = file->text;
  for (std::uint32_t line = 1; line < origin.line; ++line) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin);
  std::string shown = escape_for_terminal(text.substr(0, kQuoted));
  return text.size() > kQuoted ? shown + " …" : shown;
}

std::string side_text(char mark, const std::optional<Origin>& origin,
                      const std::vector<SourceFile>& files) {
  if (!origin) return {};
  const std::string quote = quoted(files, *origin);
  return std::format("      {} {}{}{}\n", mark, to_string(*origin), quote.empty() ? "" : "  ",
                     quote);
}

Json place_json(const std::optional<Origin>& origin) {
  if (!origin) return {};
  return Json::object({{"file", origin->file},
                       {"line", static_cast<std::int64_t>(origin->line)},
                       {"column", static_cast<std::int64_t>(origin->column)}});
}

std::string_view cosmetic_text(const DiffReport& report) {
  if (!report.differences.empty()) return {};
  return report.same_text ? "the texts are equal" : "the texts differ, what they permit does not";
}

std::string ticks(std::string_view text) {
  return std::format("`{}`", text);
}

}  // namespace

std::string to_text(const DiffReport& report) {
  std::string text;
  for (const Group& group : kGroups) {
    const std::vector<Entry> entries = entries_of(report, group.direction);
    if (entries.empty()) continue;
    text += std::format("{}  {}\n", group.title, entries.size());
    for (const Entry& entry : entries) {
      const Difference& d = *entry.difference;
      text += std::format("  {}, {} risk\n", d.dimension, word(d.risk));
      if (!says_witness(d)) text += std::format("      {}\n", d.what);
      text += std::format("      {}\n", d.witness && !entry.callers->empty()
                                            ? witness_text(entry)
                                            : callers_text(*entry.callers));
      if (d.witness && entry.callers->size() > 1)
        text += std::format("      also {}\n",
                            callers_text({entry.callers->begin() + 1, entry.callers->end()}));
      text += side_text('-', d.before, report.files_before);
      text += side_text('+', d.after, report.files_after);
    }
  }
  if (text.empty()) text = std::format("COSMETIC  {}\n", cosmetic_text(report));
  return text;
}

std::string to_markdown(const DiffReport& report) {
  std::string text =
      std::format("## policy diff: {} to {}\n", ticks(report.before), ticks(report.after));
  bool any = false;
  for (const Group& group : kGroups) {
    const std::vector<Entry> entries = entries_of(report, group.direction);
    if (entries.empty()) continue;
    any = true;
    text += std::format("\n### {} ({})\n\n", group.title, entries.size());
    for (const Entry& entry : entries) {
      const Difference& d = *entry.difference;
      text += std::format("- **{}** {}{}{}\n", word(d.risk), ticks(d.dimension),
                          says_witness(d) ? "" : ": ", says_witness(d) ? "" : d.what);
      text += d.witness && !entry.callers->empty()
                  ? std::format("  - {}\n", ticks(witness_text(entry)))
                  : std::format("  - {}\n", callers_text(*entry.callers));
      if (d.before) text += std::format("  - before: {}\n", ticks(to_string(*d.before)));
      if (d.after) text += std::format("  - after: {}\n", ticks(to_string(*d.after)));
    }
  }
  if (!any) text += std::format("\n### COSMETIC\n\n{}\n", cosmetic_text(report));
  return text;
}

std::string to_json(const DiffReport& report) {
  JsonArray all;
  for (const Group& group : kGroups)
    for (const Entry& entry : entries_of(report, group.direction)) {
      const Difference& d = *entry.difference;
      JsonArray callers;
      for (const Who& who : *entry.callers)
        callers.push_back(Json::object(
            {{"environment", who.environment}, {"agent", who.agent}, {"tool", who.tool}}));
      all.push_back(Json::object({{"direction", word(d.direction)},
                                  {"dimension", d.dimension},
                                  {"what", d.what},
                                  {"risk", word(d.risk)},
                                  {"witness", d.witness ? Json(to_string(*d.witness)) : Json()},
                                  {"callers", std::move(callers)},
                                  {"before", place_json(d.before)},
                                  {"after", place_json(d.after)}}));
    }
  return codec::to_json(Json::object({{"before", report.before},
                                      {"after", report.after},
                                      {"wider", widens(report.differences)},
                                      {"cosmetic", report.differences.empty() && !report.same_text},
                                      {"differences", std::move(all)}})) +
         "\n";
}

}  // namespace glovebox::policy
