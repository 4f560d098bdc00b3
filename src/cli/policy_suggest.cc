#include "cli/policy_suggest.h"

#include <cstdint>
#include <format>
#include <utility>
#include <variant>

#include "audit/log_reader.h"
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

Result<std::string> suggestions_of(audit::RecordSource& log, const PolicySuggestOptions& options) {
  egress::SuggestedRules rules;
  while (const auto stored = TRY(log.next())) {
    const std::uint64_t index = stored->index;
    const std::string place = std::format("record {}", index);
    const audit::Record record = TRY_CONTEXT(audit::parse_record(stored->bytes), place);
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
  auto log = audit::LogReader::open(folder);
  if (!log) return unreadable(log.error());
  const auto text = suggestions_of(*log, options);
  if (!text) return unreadable(text.error());
  print_out(*text);
  return to_int(ExitCode::done);
}

}  // namespace glovebox::cli
