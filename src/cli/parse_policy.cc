#include "cli/parse_policy.h"

#include <algorithm>
#include <cstdint>
#include <format>
#include <variant>

#include "cli/quantity.h"

namespace glovebox::cli {

void PolicyCommands::declare(CLI::App& root, Options& pending) {
  CLI::App& app = syntax_.command(root, "policy", "work with policies");
  syntax_.needs_command(app);
  pending_ = &pending;
  CLI::App& show = syntax_.command(app, "show", "print a shipped policy");
  syntax_.required(syntax_.option(show, "name", show_.name, "", "builtin:default, builtin:strict"));
  syntax_.chosen(show, [this] { *pending_ = show_; });
  control(app);
  CLI::App& check = syntax_.command(app, "check", "what is wrong with a policy, or suspicious");
  syntax_.required(syntax_.option(check, "files", check_.files, "FILE...", "policies"));
  syntax_.flag(check, "--strict", "warnings are errors",
               [this] { check_.strictness = Strictness::strict; });
  syntax_.flag(check, "--host", "also what this host lacks for them",
               [this] { check_.with = CheckWith::host; });
  syntax_.parsed(check, "--format", "text|json", "text",
                 [this](const std::string& text) -> Result<void> {
                   if (text != "text" && text != "json")
                     return Error(ErrorKind::invalid, "text|json");
                   check_.form = text == "json" ? OutputForm::json : OutputForm::text;
                   return {};
                 });
  syntax_.chosen(check, [this] { *pending_ = check_; });
  CLI::App& schema = syntax_.command(app, "schema", "the language as JSON Schema, for editors");
  syntax_.chosen(schema, [this] { *pending_ = PolicySchemaOptions{}; });
  diff(app);
  why(app);
  suggest(app);
  test(app);
  explain(app);
}

// What is asked of a glovebox that runs.
void PolicyCommands::control(CLI::App& policy) {
  const auto add = [&](const char* name, const char* meaning, ipc::ControlAct act) -> CLI::App& {
    CLI::App& app = syntax_.command(policy, name, meaning);
    syntax_.option(app, "--state", control_.state, "DIR",
                   "the state folder of the one that is meant");
    syntax_.json(app, control_.form);
    syntax_.chosen(app, [this, act] {
      control_.act = act;
      *pending_ = control_;
    });
    return app;
  };
  const auto revoked = [this](CLI::App& app) {
    syntax_.flag(app, "--revoked", "also one that was revoked, which it then no longer is",
                 [this] { control_.also_revoked = true; });
  };
  CLI::App& load = add("load", "give new sessions another policy", ipc::ControlAct::load);
  syntax_.option(load, "file", control_.subject, "", "the file; the one in use otherwise");
  revoked(load);
  add("status", "print which policy is active, and who runs on it", ipc::ControlAct::status);
  CLI::App& rollback =
      add("rollback", "give new sessions a policy that was active", ipc::ControlAct::rollback);
  syntax_.required(syntax_.option(rollback, "digest", control_.subject, "", "of that policy"));
  revoked(rollback);
  CLI::App& revoke = add("revoke", "end the sessions of a policy, and never load it again",
                         ipc::ControlAct::revoke);
  syntax_.required(syntax_.option(revoke, "digest", control_.subject, "", "of that policy"));
}

void PolicyCommands::diff(CLI::App& policy) {
  CLI::App& app = syntax_.command(policy, "diff", "what one policy permits and another does not");
  PolicyDiffOptions& options = diff_;
  syntax_.required(syntax_.option(app, "old", options.before, "",
                                  "builtin:NAME, a file, or REF:PATH as git has it"));
  syntax_.required(syntax_.option(app, "new", options.after, "", "the same"));
  using FailOn = PolicyDiffOptions::FailOn;
  syntax_.word<FailOn>(app, "--fail-on", diff_fail_on_,
                       {{"widen", FailOn::widen}, {"nothing", FailOn::nothing}},
                       "widen: exit 3 if anything is permitted that was not");
  using Form = PolicyDiffOptions::Form;
  syntax_.word<Form>(app, "--format", diff_form_,
                     {{"text", Form::text}, {"md", Form::markdown}, {"json", Form::json}}, "text");
  syntax_.chosen(app, [this] {
    diff_.fail_on = diff_fail_on_.value_or(FailOn::widen);
    diff_.form = diff_form_.value_or(Form::text);
    *pending_ = diff_;
  });
}

// Who asks, and which policy is asked.
void PolicyCommands::asking(CLI::App& app, std::string& policy, policy::Who& who) {
  syntax_.option(app, "--policy", policy, "FILE",
                 "/etc/glovebox/policy.toml; builtin:NAME, REF:PATH");
  syntax_.option(app, "--environment", who.environment, "ID", "for the policy's [[bind]]; local");
  syntax_.option(app, "--agent", who.agent, "ID", "for the policy's [[bind]]; local");
  syntax_.option(app, "--tool", who.tool, "NAME", "bash");
}

void PolicyCommands::why(CLI::App& policy) {
  CLI::App& app = syntax_.command(policy, "why", "what becomes of a request, and why");
  asking(app, why_.policy, why_.who);
  syntax_.option(app, "request", why_.request, "", "connect HOST:PORT, read PATH, GET URL, …");
  syntax_.parsed(app, "--record", "INDEX", "instead: what a record of the log was decided by",
                 [this](const std::string& text) -> Result<void> {
                   why_.record =
                       static_cast<std::uint64_t>(TRY(parse_count(text, 0, kMostRecords)));
                   return {};
                 });
  syntax_.needs(
      syntax_.option(app, "--log", why_.log, "DIR", "with --record: the folder of the log"),
      "--record");
  syntax_.json(app, why_.form);
  syntax_.chosen(app, [this, &app] {
    if (!why_.record && why_.request.empty())
      syntax_.refuse(
          "a request is needed, or --record\nhint: glovebox policy why connect HOST:PORT");
    for (const char* name : {"request", "--policy", "--environment", "--agent", "--tool"})
      if (why_.record && syntax_.is_given(app, name))
        syntax_.refuse(std::format("{}: the record says it, --record goes without", name));
    *pending_ = why_;
  });
}

void PolicyCommands::suggest(CLI::App& policy) {
  CLI::App& app = syntax_.command(policy, "suggest",
                                  "exact egress rules for what egress refused; applies none");
  syntax_.option(app, "--log", suggest_.log, "DIR", "the folder of the log");
  syntax_.parsed(app, "--since", "INDEX|TIME", "only records from this one on",
                 [this](const std::string& text) -> Result<void> {
                   suggest_.since = TRY(parse_since(text));
                   return {};
                 });
  syntax_.option(app, "--profile", suggest_.profile, "NAME", "only what this profile was refused");
  syntax_.flag(app, "--json", "machine output: one JSON array",
               [this] { suggest_.form = OutputForm::json; });
  syntax_.chosen(app, [this] { *pending_ = suggest_; });
}

void PolicyCommands::test(CLI::App& policy) {
  CLI::App& app = syntax_.command(policy, "test", "run the tests that policies carry");
  syntax_.required(syntax_.option(app, "file", test_.files, "", "policies"));
  syntax_.flag(app, "--coverage", "also the rules that no test touches",
               [this] { test_.coverage = policy::Coverage::shown; });
  syntax_.chosen(app, [this] { *pending_ = test_; });
}

void PolicyCommands::explain(CLI::App& policy) {
  CLI::App& app = syntax_.command(policy, "explain", "what a caller gets, line by line");
  asking(app, explain_.policy, explain_.who);
  syntax_.json(app, explain_.form);
  syntax_.chosen(app, [this] { *pending_ = explain_; });
}

}  // namespace glovebox::cli
