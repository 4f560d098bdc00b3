// The command line as data: one struct for each command, filled by parse.cc, read by the command.
//
// A new command adds its struct here or in a header of its own, an entry to Options, a parser in
// parse.cc and a file of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "audit/show.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/units.h"
#include "cli/audit_outside.h"
#include "cli/evidence_options.h"
#include "cli/output_form.h"
#include "cli/seccomp_options.h"
#include "ipc/policy_messages.h"
#include "policy/policy.h"
#include "policy/test_run.h"
#include "roles/boxer_settings.h"
#include "worker/work_secret.h"

namespace glovebox::cli {

inline constexpr const char* kDefaultPolicy = "/etc/glovebox/policy.toml";

inline constexpr Duration kDefaultKeep = seconds(7 * 24 * 3600);

struct ExecOptions {
  std::string policy;
  std::optional<std::string> workdir;
  std::optional<std::string> state;
  std::string environment = "local";
  std::string agent = "local";
  std::optional<std::string> session;  // named: it and its folders are kept
  std::optional<std::string> call;     // its id; random otherwise
  std::optional<std::string> tool;
  std::string input = "-";  // a file, or - for stdin: the tool's input, JSON
  std::optional<milliseconds> timeout;
  enum class Show : std::uint8_t { run, plan } show = Show::run;
  OutputForm form = OutputForm::text;
  std::vector<std::string> command;
};

// As flags give it; what is absent may stand in a variable of the official worker or in
// glovebox.toml (worker_order.h). The environment key is no part of it: it never reaches the parser
// (process_secrets.h).
struct WorkerOptions {
  enum class Mode : std::uint8_t {
    poll,  // serve the queue
    run,   // serve the one item that is named
  } mode = Mode::poll;
  std::optional<std::string> config;  // absent: the default one, if it exists
  std::optional<std::string> environment, worker_id, base_url;
  std::optional<std::string> work, session;  // run: the item
  std::optional<std::string> work_secret_file;
  std::optional<std::string> policy;
  std::optional<std::string> state;    // absent: the default of who runs it
  std::optional<std::string> workdir;  // absent: below the state folder
  std::optional<roles::WorkspaceMode> workspace;
  std::optional<std::string> seed;  // what a new workspace begins with; absent: empty
  std::optional<Duration> keep;     // of sessions that nobody comes back to; zero: for ever
  std::optional<std::size_t> max_sessions;
  std::optional<std::uint32_t> max_calls, warm;
  std::optional<Duration> max_idle, drain, stream_silence;
  std::optional<LogFormat> log_format;
  std::optional<std::string> ca_file, api_version;
  std::optional<worker::PlainHttp> plain_http;
};

struct ConfigCheckOptions {
  std::string config = "/etc/glovebox/glovebox.toml";
};

struct RehearseOptions {
  std::string file;
  std::string policy = kDefaultPolicy;
  std::optional<std::string> state;    // absent: a fresh folder
  std::optional<std::string> workdir;  // absent: below the state folder
  std::optional<std::string> origin;   // HOST:PORT that the rehearsal serves itself; absent: none
  Duration timeout = std::chrono::minutes(10);
};

struct DoctorOptions {
  enum class What : std::uint8_t { host, egress } what = What::host;
  std::optional<std::string> config;  // absent: the default one, if it exists
  std::optional<std::string> policy;  // absent: the configuration's, else builtin:default
  std::optional<std::string> state;
  OutputForm form = OutputForm::text;
};

struct SelftestOptions {
  std::string policy = kDefaultPolicy;
  std::optional<std::string> state;
  std::string environment = "local";
  std::string agent = "local";
  OutputForm form = OutputForm::text;
};

struct AuditVerifyOptions {
  std::string directory;
  std::optional<std::string> key;     // a public key, or a file that holds one
  std::optional<std::string> epoch0;  // of epoch 0, likewise
  std::uint64_t min_size = 0;
  std::optional<Duration> max_tail;
  std::optional<std::string> anchors;  // a file of checkpoints that were kept elsewhere
  OutputForm form = OutputForm::text;
};

struct AuditShowOptions {
  std::string directory;
  std::uint64_t from = 0;  // index of the first that is looked at
  audit::ShowFilter filter;
  OutputForm form = OutputForm::text;
  // A session and nothing else: for people.
  bool is_one_session() const {
    return form == OutputForm::text && from == 0 && filter.session && !filter.index &&
           !filter.tool_use && !filter.kind && !filter.since && !filter.only_denials;
  }
};

struct AuditTailOptions {
  std::string directory;
  std::uint32_t last = 10;  // records to begin with
  enum class Follow : std::uint8_t { no, yes } follow = Follow::no;
  OutputForm form = OutputForm::text;
};

struct AuditBenchOptions {
  std::string directory = ".";
  OutputForm form = OutputForm::text;
};

struct AuditRepairOptions {
  std::string directory;
};

struct PolicyShowOptions {
  std::string name;
};

// What is asked of a glovebox that runs (policy_control.h).
struct PolicyControlOptions {
  ipc::ControlAct act = ipc::ControlAct::status;
  std::string subject;               // load: a file, empty for the one in use; else a digest
  std::optional<std::string> state;  // absent: the default of who asks
  bool also_revoked = false;
  OutputForm form = OutputForm::text;
};

enum class Strictness : std::uint8_t { lenient, strict };
enum class CheckWith : std::uint8_t { policy, host };

struct PolicyCheckOptions {
  std::vector<std::string> files;
  Strictness strictness = Strictness::lenient;  // strict: warnings are errors
  CheckWith with = CheckWith::policy;           // host: also what this host lacks
  OutputForm form = OutputForm::text;
};

struct PolicySchemaOptions {};

struct PolicyDiffOptions {
  std::string before, after;  // builtin:NAME, a file, REF:PATH
  enum class Form : std::uint8_t { text, markdown, json } form = Form::text;
  enum class FailOn : std::uint8_t { widen, nothing } fail_on = FailOn::widen;
};

struct PolicyWhyOptions {
  std::string policy = kDefaultPolicy;
  policy::Who who;
  std::vector<std::string> request;  // its words
  // Instead of all of these: the decision of that record, by the policy that it names.
  std::optional<std::uint64_t> record;
  std::optional<std::string> log;  // its folder; below the state folder otherwise
  OutputForm form = OutputForm::text;
};

struct PolicySuggestOptions {
  std::optional<std::string> log;  // its folder; below the state folder otherwise
  std::variant<std::uint64_t, WallTime> since = std::uint64_t{0};  // a record's index, or a time
  std::optional<std::string> profile;                              // absent: all
  OutputForm form = OutputForm::text;
};

struct PolicyTestOptions {
  std::vector<std::string> files;
  policy::Coverage coverage = policy::Coverage::left_out;
};

struct PolicyExplainOptions {
  std::string policy = kDefaultPolicy;
  policy::Who who;
  OutputForm form = OutputForm::text;
};

struct PlaneOptions {
  std::string listen = "127.0.0.1:0";     // ADDRESS:PORT, loopback only; port 0: a free one
  std::optional<std::string> rehearsals;  // a folder of *.toml
  std::optional<std::string> faults;      // a JSON file of fault rules (plane/fault.h)
  seconds ttl{90};                        // of leases
  std::size_t page = 1000;                // the largest page of a list
};

struct VersionOptions {};

struct HelpText {
  std::string text;
};

using Options =
    std::variant<HelpText, VersionOptions, ExecOptions, WorkerOptions, RehearseOptions,
                 DoctorOptions, ConfigCheckOptions, SelftestOptions, AuditVerifyOptions,
                 AuditShowOptions, AuditTailOptions, AuditProveOptions, AuditCheckProofOptions,
                 AuditExportOptions, AuditRepairOptions, AuditBenchOptions, AuditAnchorOptions,
                 AuditReconcileOptions, AuditStatsOptions, AuditOpenOptions, PolicyShowOptions,
                 PolicyControlOptions, PolicyCheckOptions, PolicySchemaOptions, PolicyDiffOptions,
                 PolicyWhyOptions, PolicySuggestOptions, PolicyTestOptions, PolicyExplainOptions,
                 SeccompShowOptions, SeccompCheckOptions, SeccompCompileOptions,
                 SeccompExplainOptions, SeccompImportOptions, PlaneOptions>;

}  // namespace glovebox::cli
