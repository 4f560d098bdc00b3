#include "cli/parse_evidence.h"

#include <algorithm>
#include <cstdint>
#include <variant>

#include "cli/quantity.h"

namespace glovebox::cli {

namespace {

constexpr const char* kDirectory = "the folder of the log; below the state folder otherwise";

}  // namespace

void EvidenceCommands::declare(CLI::App& above, Options& pending) {
  pending_ = &pending;
  prove(above);
  check_proof(above);
  export_lines(above);
}

void EvidenceCommands::prove(CLI::App& above) {
  CLI::App& app = syntax_.command(above, "prove", "evidence for one record, checked offline");
  // Digits alone are an index.
  syntax_.required(syntax_.parsed(
      app, "record", "", "INDEX, or the id of a tool call",
      [this](const std::string& text) -> Result<void> {
        if (text.empty()) return Error(ErrorKind::invalid, "an index, or the id of a tool call");
        if (std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }))
          prove_.record = static_cast<std::uint64_t>(TRY(parse_count(text, 0, kMostRecords)));
        else
          prove_.record = text;
        return {};
      }));
  syntax_.option(app, "directory", prove_.directory, "", kDirectory);
  syntax_.parsed(app, "--kind", "KIND", "which record of the call; its intent otherwise",
                 [this](const std::string& text) -> Result<void> {
                   prove_.kind = audit::parse_record_kind(text);
                   if (prove_.kind) return {};
                   return Error(ErrorKind::invalid, "a kind of records, as tool.result");
                 });
  syntax_.option(app, "-o,--output", prove_.output, "FILE", "the file to write; stdout otherwise");
  syntax_.chosen(app, [this] {
    if (prove_.kind && std::holds_alternative<std::uint64_t>(prove_.record))
      syntax_.refuse("--kind: an index is one record, it goes without");
    *pending_ = prove_;
  });
}

void EvidenceCommands::check_proof(CLI::App& above) {
  CLI::App& app = syntax_.command(above, "check-proof",
                                  "whether evidence holds: exit 0 or 1; no log is needed");
  syntax_.required(syntax_.option(app, "file", check_.file, "", "a proof, or a pack of a session"));
  syntax_.required(syntax_.option(app, "--trust", check_.trust, "KEY|FILE",
                                  "the log's public key, or a file: key.pub, a tlog-policy"));
  syntax_.json(app, check_.form);
  syntax_.chosen(app, [this] { *pending_ = check_; });
}

void EvidenceCommands::export_lines(CLI::App& above) {
  CLI::App& app = syntax_.command(above, "export", "records for other systems, one a line");
  using audit::ExportFormat;
  syntax_.word<ExportFormat>(app, "--format", export_.format,
                             {{"jsonl", ExportFormat::jsonl},
                              {"ocsf", ExportFormat::ocsf},
                              {"cef", ExportFormat::cef},
                              {"syslog", ExportFormat::syslog}},
                             "jsonl");
  syntax_.option(app, "--session", export_.session, "ID", "only the records of this session");
  syntax_.parsed(app, "--from", "INDEX", "go on at this record, as the last export said",
                 [this](const std::string& text) -> Result<void> {
                   export_.from =
                       static_cast<std::uint64_t>(TRY(parse_count(text, 0, kMostRecords)));
                   return {};
                 });
  syntax_.option(app, "--pack", export_.pack, "FILE",
                 "with --session: an archive of its records with their proofs");
  syntax_.option(app, "directory", export_.directory, "", kDirectory);
  syntax_.chosen(app, [this, &app] {
    if (export_.pack && !export_.session)
      syntax_.refuse("--pack: of one session, which --session names");
    if (export_.pack && (export_.format || syntax_.is_given(app, "--from")))
      syntax_.refuse("--pack: a pack is of a whole session, it goes without --format and --from");
    *pending_ = export_;
  });
}

}  // namespace glovebox::cli
