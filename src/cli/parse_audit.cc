#include "cli/parse_audit.h"

#include <cstdint>
#include <variant>

#include "cli/quantity.h"

namespace glovebox::cli {

namespace {

constexpr std::int64_t kMostShown = 1'000'000;

}  // namespace

void AuditCommands::declare(CLI::App& root, Options& pending) {
  CLI::App& app = syntax_.command(root, "audit", "read the audit log, and check it");
  syntax_.needs_command(app);
  pending_ = &pending;
  verify(app);
  show(app);
  tail(app);
  repair(app);
  bench(app);
  anchor(app);
  reconcile(app);
  stats(app);
  open(app);
  evidence_.declare(app, pending);
}

void AuditCommands::folder(CLI::App& app, std::string& into) {
  syntax_.required(syntax_.option(app, "directory", into, "", "the folder of the log"));
}

CLI::Option* AuditCommands::number(CLI::App& app, const char* name,
                                   std::optional<std::uint64_t>& into, const char* meaning) {
  return syntax_.parsed(app, name, "N", meaning, [&into](const std::string& text) -> Result<void> {
    into = static_cast<std::uint64_t>(TRY(parse_count(text, 0, kMostRecords)));
    return {};
  });
}

void AuditCommands::verify(CLI::App& audit) {
  CLI::App& app =
      syntax_.command(audit, "verify", "check every record, the tree and the signed checkpoint");
  folder(app, verify_.directory);
  syntax_.option(app, "--key", verify_.key, "KEY", "the public key, or a file that holds it");
  syntax_.option(app, "--epoch0", verify_.epoch0, "KEY",
                 "the public key of epoch 0, or a file that holds it");
  number(app, "--min-size", verify_min_size_,
         "so many records were under a checkpoint before: fewer were cut off");
  syntax_.time(app, "--max-tail", verify_.max_tail,
               "how long the records behind the checkpoint may go on; else none may be there");
  syntax_.option(app, "--anchors", verify_.anchors, "FILE",
                 "checkpoints that were kept elsewhere: each must be how the log began");
  syntax_.json(app, verify_.form);
  syntax_.chosen(app, [this] {
    verify_.min_size = verify_min_size_.value_or(0);
    *pending_ = verify_;
  });
}

void AuditCommands::show(CLI::App& audit) {
  CLI::App& app = syntax_.command(audit, "show", "print the records");
  audit::ShowFilter& filter = show_.filter;
  folder(app, show_.directory);
  number(app, "--index", filter.index, "the one with this number");
  syntax_.option(app, "--session", filter.session, "ID", "those of one session");
  syntax_.option(app, "--tool-use", filter.tool_use, "ID", "those of one call");
  syntax_.parsed(app, "--kind", "KIND", "those of one kind: tool.intent, net.deny, ...",
                 [&filter](const std::string& text) -> Result<void> {
                   filter.kind = audit::parse_record_kind(text);
                   if (!filter.kind) return Error(ErrorKind::invalid, "no kind of record");
                   return {};
                 });
  syntax_.parsed(app, "--since", "INDEX|TIME", "only records from this one on",
                 [this](const std::string& text) -> Result<void> {
                   const Since since = TRY(parse_since(text));
                   if (const auto* index = std::get_if<std::uint64_t>(&since)) show_.from = *index;
                   if (const auto* time = std::get_if<WallTime>(&since)) show_.filter.since = *time;
                   return {};
                 });
  syntax_.flag(app, "--deny", "what was refused", [&filter] { filter.only_denials = true; });
  syntax_.json(app, show_.form);
  syntax_.chosen(app, [this] { *pending_ = show_; });
}

void AuditCommands::tail(CLI::App& audit) {
  CLI::App& app = syntax_.command(audit, "tail", "print the last records");
  folder(app, tail_.directory);
  syntax_.count(app, "-n,--last", tail_.last, kMostShown, "10: with how many to begin", 0);
  syntax_.flag(app, "-f,--follow", "go on with what is sealed from now on",
               [this] { tail_.follow = AuditTailOptions::Follow::yes; });
  syntax_.json(app, tail_.form);
  syntax_.chosen(app, [this] { *pending_ = tail_; });
}

void AuditCommands::repair(CLI::App& audit) {
  CLI::App& app = syntax_.command(audit, "repair",
                                  "after exit 65: go on without what the write-ahead log has lost");
  folder(app, repair_.directory);
  syntax_.flag(app, "--accept-loss", "records are lost, and that is to stand in the log",
               [this] { loss_accepted_ = true; });
  syntax_.chosen(app, [this] {
    if (!loss_accepted_) syntax_.refuse("records are lost by it: --accept-loss");
    *pending_ = repair_;
  });
}

void AuditCommands::bench(CLI::App& audit) {
  CLI::App& app =
      syntax_.command(audit, "bench", "what a durable record costs on the disk of a folder");
  syntax_.option(app, "directory", bench_.directory, "",
                 "a folder on that disk, with 512 MiB to spare; this one otherwise");
  syntax_.json(app, bench_.form);
  syntax_.chosen(app, [this] { *pending_ = bench_; });
}

void AuditCommands::anchor(CLI::App& audit) {
  CLI::App& app = syntax_.command(
      audit, "anchor", "give the checkpoint to somebody else to keep: see verify --anchors");
  folder(app, anchor_.directory);
  syntax_.option(app, "--to", anchor_.to, "FILE",
                 "append it there, an absolute path; printed otherwise");
  syntax_.chosen(app, [this] { *pending_ = anchor_; });
}

void AuditCommands::reconcile(CLI::App& audit) {
  CLI::App& app = syntax_.command(audit, "reconcile",
                                  "compare a session with what the control plane holds of it");
  folder(app, reconcile_.directory);
  syntax_.required(syntax_.option(app, "--session", reconcile_.session, "ID", "which session"));
  syntax_.required(syntax_.option(app, "--events", reconcile_.events, "FILE",
                                  "its events, JSON: pages of the API, or one a line"));
  syntax_.option(app, "--elsewhere", reconcile_.elsewhere, "WORK",
                 "a work item that another worker held; may be given again");
  syntax_.option(app, "--custom-tool", reconcile_.custom_tools, "NAME",
                 "a custom tool that is served here; may be given again");
  syntax_.json(app, reconcile_.form);
  syntax_.chosen(app, [this] { *pending_ = reconcile_; });
}

void AuditCommands::stats(CLI::App& audit) {
  CLI::App& app = syntax_.command(audit, "stats", "count the records; nothing is verified");
  folder(app, stats_.directory);
  syntax_.json(app, stats_.form);
  syntax_.chosen(app, [this] { *pending_ = stats_; });
}

void AuditCommands::open(CLI::App& audit) {
  CLI::App& app = syntax_.command(
      audit, "open", "tell whether a record commits to the bytes of a file: an input, an output");
  folder(app, open_.directory);
  syntax_.required(number(app, "--index", open_index_, "the record with this number"));
  syntax_.required(syntax_.option(app, "--payload", open_.payload, "FILE", "the bytes"));
  syntax_.chosen(app, [this] {
    open_.index = open_index_.value_or(0);
    *pending_ = open_;
  });
}

}  // namespace glovebox::cli
