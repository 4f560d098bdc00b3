#include "cli/policy_suggest.h"

#include <cstdint>
#include <format>
#include <utility>
#include <variant>

#include "audit/log_directory.h"
#include "audit/record.h"
#include "base/exit_code.h"
#include "cli/message.h"
#include "cli/state_place.h"
#include "codec/json.h"
#include "egress/denied_attempt.h"
#include "egress/suggested_rules.h"
#include "egress/suggestion_text.h"

namespace glovebox::cli {

namespace {

bool is_since(const PolicySuggestOptions& options, std::uint64_t index,
              const audit::Record& record) {
  if (const auto* first = std::get_if<std::uint64_t>(&options.since)) return index >= *first;
  return record.wall >= std::get<WallTime>(options.since);
}

}  // namespace

Result<std::string> suggestions_of(audit::ByteSource& log, const PolicySuggestOptions& options) {
  egress::SuggestedRules rules;
  audit::LineReader lines(log, audit::kMaxRecordBytes);
  for (std::uint64_t index = 0;; ++index) {
    const std::string place = std::format("record {}", index);
    const auto line = TRY_CONTEXT(lines.next(), place);
    if (!line) break;
    const audit::Record record = TRY_CONTEXT(audit::parse_record(*line), place);
    if (!is_since(options, index, record)) continue;
    const auto attempt = egress::denied_attempt(index, record);
    if (attempt && (!options.profile || *options.profile == attempt->profile)) rules.add(*attempt);
  }
  const std::uint64_t left_out = rules.left_out();
  const auto suggestions = rules.take();
  if (options.form == OutputForm::text) return egress::suggestions_text(suggestions, left_out);
  return ascii_json(codec::to_json(egress::suggestions_json(suggestions, left_out))) + "\n";
}

int run_policy_suggest(const PolicySuggestOptions& options) {
  std::string folder;
  if (options.log) {
    folder = *options.log;
  } else {
    const auto state = state_place(std::nullopt);
    if (!state) return to_int(fail(state.error().code, state.error().message));
    folder = *state + "/audit";
  }
  const auto unreadable = [](const Error& error) {
    return to_int(fail(ExitCode::invalid_file, error.message()));
  };
  auto directory = audit::LogDirectory::open_to_read(folder);
  if (!directory) return unreadable(directory.error());
  auto file = directory->open(audit::kLogName, audit::LogDirectory::Access::read);
  if (!file) return unreadable(file.error());
  if (!*file) return to_int(fail(ExitCode::invalid_file, folder + " holds no log"));
  audit::FileSource source((*file)->get());
  const auto text = suggestions_of(source, options);
  if (!text) return unreadable(text.error());
  print_out(*text);
  return to_int(ExitCode::done);
}

}  // namespace glovebox::cli
