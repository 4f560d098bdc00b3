#include "cli/selftest_report.h"

#include <algorithm>
#include <array>
#include <format>
#include <utility>

#include "box/host.h"
#include "box/layer.h"

namespace glovebox::cli {

namespace {

using codec::Json;
using codec::JsonArray;
using End = SelftestRow::End;

constexpr std::array<std::pair<End, std::string_view>, 7> kWords = {{
    {End::denied, "denied"},
    {End::works, "works"},
    {End::absent, "absent"},
    {End::through, "THROUGH"},
    {End::odd, "ODD"},
    {End::broken, "BROKEN"},
    {End::not_run, "NOT RUN"},
}};

// What cannot exist where no user namespace can be made.
bool is_of_user_namespaces(box::Layer layer) {
  return layer == box::Layer::user_namespace || layer == box::Layer::own_user_namespace ||
         layer == box::Layer::no_nested_namespaces;
}

std::ptrdiff_t count(const std::vector<SelftestRow>& rows, End end) {
  return std::ranges::count(rows, end, &SelftestRow::end);
}

std::string sum_line(const std::vector<SelftestRow>& rows) {
  std::string line = std::format("{} attacks denied, {} uses work", count(rows, End::denied),
                                 count(rows, End::works));
  const auto bad = std::ranges::count_if(rows, [](const auto& row) { return !is_good(row.end); });
  return line + (bad == 0 ? std::string("; nothing got through\n")
                          : std::format("; {} rows are not as they should be, {} got through\n",
                                        bad, count(rows, End::through)));
}

}  // namespace

std::string_view to_string(End end) {
  return std::ranges::find(kWords, end, &std::pair<End, std::string_view>::first)->second;
}

bool is_good(End end) {
  return end == End::denied || end == End::works || end == End::absent;
}

Json to_json(const SelftestRow& row) {
  return Json::object(
      {{"id", row.id}, {"what", row.what}, {"end", to_string(row.end)}, {"detail", row.detail}});
}

Result<SelftestRow> row_from_json(const Json& json) {
  const std::string* id = json.get_string("id");
  const std::string* what = json.get_string("what");
  const std::string* end = json.get_string("end");
  const std::string* detail = json.get_string("detail");
  if (id == nullptr || what == nullptr || end == nullptr || detail == nullptr)
    return Error(ErrorKind::protocol, "selftest: not a row");
  const auto word = std::ranges::find(kWords, *end, &std::pair<End, std::string_view>::second);
  if (word == kWords.end()) return Error(ErrorKind::protocol, "selftest: unknown end");
  return SelftestRow{*id, *what, word->first, *detail};
}

std::string selftest_text(const std::vector<SelftestRow>& rows, std::string_view policy,
                          OutputForm form) {
  if (form == OutputForm::json) {
    JsonArray list;
    for (const SelftestRow& row : rows) list.push_back(to_json(row));
    return codec::to_json(Json::object({
               {"policy", policy},
               {"good", selftest_code(rows) == ExitCode::done},
               {"denied", static_cast<std::int64_t>(count(rows, End::denied))},
               {"works", static_cast<std::int64_t>(count(rows, End::works))},
               {"through", static_cast<std::int64_t>(count(rows, End::through))},
               {"rows", std::move(list)},
           })) +
           "\n";
  }
  std::string text = std::format("policy {}\n", policy);
  for (const SelftestRow& row : rows)
    text += std::format("{:<8} {:<4} {}{}\n", to_string(row.end), row.id, row.what,
                        row.detail.empty() ? "" : " (" + row.detail + ")");
  return text + sum_line(rows);
}

ExitCode selftest_code(const std::vector<SelftestRow>& rows) {
  const bool good =
      !rows.empty() && std::ranges::all_of(rows, [](const auto& row) { return is_good(row.end); });
  return good ? ExitCode::done : ExitCode::negative;
}

SelftestRow layers_row(const Json& protection) {
  SelftestRow row{"all", "every wall of this host's rung stands", End::works, {}};
  const JsonArray* made = protection.get_array("layers");
  const auto rung = protection.get_int("rung");
  if (made == nullptr || !rung) {
    row.end = End::not_run;
    return row;
  }
  for (const box::Layer layer : box::kAllLayers) {
    if (*rung == static_cast<int>(box::Rung::without_user_namespaces) &&
        is_of_user_namespaces(layer))
      continue;
    const bool has = std::ranges::any_of(*made, [&](const Json& name) {
      return name.as_string() != nullptr && *name.as_string() == box::to_string(layer);
    });
    if (has) continue;
    row.end = End::through;
    row.detail +=
        std::format("{}{} is missing", row.detail.empty() ? "" : ", ", box::to_string(layer));
  }
  return row;
}

}  // namespace glovebox::cli
