#include "cli/seccomp_report.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <format>
#include <utility>

#include "seccomp/bpf.h"
#include "seccomp/expression.h"

namespace glovebox::cli {

namespace {

using codec::Json;
using codec::JsonArray;

std::size_t instructions_of(const seccomp::Proved& proved) {
  return proved.program.size() / seccomp::kInstructionBytes;
}

Json to_json(const seccomp::TextError& error) {
  return Json::object({{"code", seccomp::to_string(error.code)},
                       {"file", error.file},
                       {"line", error.line},
                       {"column", error.column},
                       {"message", error.message},
                       {"hint", error.hint},
                       {"source", error.source}});
}

Json to_json(const seccomp::Proved& proved) {
  JsonArray absent;
  for (const seccomp::Absent& name : proved.table.absent) absent.emplace_back(name.name);
  return Json::object({{"name", seccomp::to_string(proved.table.arch)},
                       {"rules", static_cast<std::int64_t>(proved.table.rules.size())},
                       {"absent", std::move(absent)},
                       {"instructions", static_cast<std::int64_t>(instructions_of(proved))},
                       {"sha256", proved.digest}});
}

}  // namespace

FilterReport check_filter(std::string_view file, std::string_view text) {
  FilterReport report{.file = std::string(file), .errors = {}, .proved = {}};
  for (const seccomp::Arch arch : seccomp::kArches) {
    auto proved = seccomp::prove_text(file, text, seccomp::FilterUser::tool, arch);
    if (proved) {
      report.proved.push_back(std::move(*proved));
      continue;
    }
    // Most errors are of the text, whatever the architecture.
    for (seccomp::TextError& error : proved.error()) {
      const std::string said = seccomp::to_string(error);
      if (std::ranges::none_of(report.errors, [&](const seccomp::TextError& known) {
            return seccomp::to_string(known) == said;
          }))
        report.errors.push_back(std::move(error));
    }
  }
  if (!report.errors.empty()) report.proved.clear();
  return report;
}

FilterReport unreadable_filter(std::string_view file, std::string_view why) {
  FilterReport report{.file = std::string(file), .errors = {}, .proved = {}};
  report.errors.push_back({.code = seccomp::Code::unreadable,
                           .file = std::string(file),
                           .message = std::format("cannot be read: {}", why)});
  return report;
}

std::string to_text(const FilterReport& report) {
  if (!report.errors.empty()) return seccomp::to_text(report.errors);
  std::string text = report.file + ": good";
  for (const seccomp::Proved& proved : report.proved) {
    text += std::format("\n  {}: {} rules", seccomp::to_string(proved.table.arch),
                        proved.table.rules.size());
    if (const std::size_t absent = proved.table.absent.size(); absent != 0)
      text += std::format(" and {} that it has no call for", absent);
    text += std::format(", {} instructions, sha256 {}", instructions_of(proved), proved.digest);
  }
  return text + "\n";
}

codec::Json to_json(const FilterReport& report) {
  JsonArray errors, architectures;
  for (const seccomp::TextError& error : report.errors) errors.push_back(to_json(error));
  for (const seccomp::Proved& proved : report.proved) architectures.push_back(to_json(proved));
  return Json::object({{"file", report.file},
                       {"good", report.errors.empty()},
                       {"errors", std::move(errors)},
                       {"architectures", std::move(architectures)}});
}

codec::Json to_json(const seccomp::Explanation& answer) {
  JsonArray outcomes;
  for (const seccomp::Outcome& outcome : answer.outcomes)
    outcomes.push_back(Json::object(
        {{"action", to_string(outcome.action)},
         {"when", outcome.when ? Json(seccomp::to_expression(*outcome.when)) : Json()}}));
  return Json::object({{"call", seccomp::to_string(answer.question)},
                       {"architecture", seccomp::to_string(answer.arch)},
                       {"number", answer.number ? Json(*answer.number) : Json()},
                       {"outcomes", std::move(outcomes)},
                       {"named", answer.named},
                       {"place", answer.place},
                       {"reason", answer.reason},
                       {"floor", answer.floor}});
}

}  // namespace glovebox::cli
