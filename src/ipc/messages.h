// Every message that crosses between two roles, by connection.
//
// Each struct encodes to bytes and decodes from them; decode refuses anything encode would not
// have made. Limits are those of ipc/wire.h. Which types a role takes from whom, and when, stands
// in accepts().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace glovebox::ipc {

// --- supervisor and role -------------------------------------------------------------------

struct Start {  // to the role: its configuration, JSON, made by the supervisor
  static constexpr std::uint16_t kType = 0x100;
  std::string configuration;
  std::string encode() const;
  static Result<Start> decode(std::string_view body);
};

struct Ready {  // from the role: every restriction is in force
  static constexpr std::uint16_t kType = 0x101;
  std::string encode() const { return {}; }
  static Result<Ready> decode(std::string_view body);
};

struct Peer {  // to the role, with one descriptor: a connection to another role
  static constexpr std::uint16_t kType = 0x102;
  std::string name;  // "auditor", "worker", "boxer"
  std::string encode() const;
  static Result<Peer> decode(std::string_view body);
};

struct Stop {  // to the role: finish what runs, then exit
  static constexpr std::uint16_t kType = 0x103;
  std::string encode() const { return {}; }
  static Result<Stop> decode(std::string_view body);
};

struct Fatal {  // from the role, before it exits
  static constexpr std::uint16_t kType = 0x104;
  std::uint8_t exit_code = 70;
  std::string message;
  std::string encode() const;
  static Result<Fatal> decode(std::string_view body);
};

struct Update {  // to a role: what of its settings is new, JSON; secrets travel beside it as in
                 // Start
  static constexpr std::uint16_t kType = 0x105;
  std::string configuration;
  std::string encode() const;
  static Result<Update> decode(std::string_view body);
};

struct SecretRefused {  // from the worker: the other side refused this secret; there may be another
  static constexpr std::uint16_t kType = 0x106;
  std::string name;
  std::string encode() const;
  static Result<SecretRefused> decode(std::string_view body);
};

// From the worker, passed on to every role: how is it, and what has it counted. Answered by the
// supervisor for itself and by each role; a role that is not there does not answer.
struct Observe {
  static constexpr std::uint16_t kType = 0x107;
  std::uint64_t ticket = 0;
  std::uint8_t prove = 0;  // try what has to work, instead of saying that it did
  std::string encode() const;
  static Result<Observe> decode(std::string_view body);
};

struct Observed {
  static constexpr std::uint16_t kType = 0x108;
  std::uint64_t ticket = 0;
  std::string role;     // filled in by the supervisor
  std::string numbers;  // JSON (codec/metrics.h)
  std::string problem;  // why it cannot do its work; empty: it can
  std::string encode() const;
  static Result<Observed> decode(std::string_view body);
};

// --- worker (or a single command) and boxer ------------------------------------------------

struct OpenSession {
  static constexpr std::uint16_t kType = 0x200;
  std::string session, environment, agent, work;
  std::string unserved;  // JSON array: names of what is attached and not served; empty: nothing
  std::string encode() const;
  static Result<OpenSession> decode(std::string_view body);
};

struct SessionOpened {
  static constexpr std::uint16_t kType = 0x201;
  std::string session;
  std::uint64_t index = 0;  // of its record in the audit log
  // Calls whose result is stored and not settled. A worker that knows one of them to be answered
  // says so; the one that posted it may have died before it could.
  std::vector<std::string> kept;
  std::string encode() const;
  static Result<SessionOpened> decode(std::string_view body);
};

struct Call {
  static constexpr std::uint16_t kType = 0x202;
  std::string session, tool_use, tool;
  std::string input;                // JSON
  std::uint64_t time_limit_ms = 0;  // 0: the policy's
  std::string encode() const;
  static Result<Call> decode(std::string_view body);
};

// A program instead of a tool (`glovebox exec -- …`); with three descriptors: stdin, stdout,
// stderr. Only a single command sends it, never the worker.
struct Execute {
  static constexpr std::uint16_t kType = 0x203;
  std::string session, tool_use;
  std::vector<std::string> arguments;
  std::uint64_t time_limit_ms = 0;
  std::string encode() const;
  static Result<Execute> decode(std::string_view body);
};

struct Cancel {
  static constexpr std::uint16_t kType = 0x204;
  std::string session, tool_use;
  std::uint8_t shutting_down = 0;
  std::string encode() const;
  static Result<Cancel> decode(std::string_view body);
};

// The result is with the control plane, or will never be: its stored copy may go.
struct Settled {
  static constexpr std::uint16_t kType = 0x205;
  std::string session, tool_use;
  std::string encode() const;
  static Result<Settled> decode(std::string_view body);
};

struct CloseSession {
  static constexpr std::uint16_t kType = 0x206;
  std::string session, reason;
  std::string encode() const;
  static Result<CloseSession> decode(std::string_view body);
};

struct SessionClosed {
  static constexpr std::uint16_t kType = 0x207;
  std::string session;
  std::string encode() const;
  static Result<SessionClosed> decode(std::string_view body);
};

struct CallDone {
  static constexpr std::uint16_t kType = 0x208;
  std::string session, tool_use;
  std::string outcome;  // box::to_string(Outcome)
  std::uint8_t is_error = 0;
  std::int64_t status = 0;  // exit status or signal
  std::string content;      // JSON array of content blocks
  std::string rule, detail;
  std::uint64_t index = 0;  // of the record that holds the result
  std::int64_t wall_us = 0, cpu_us = 0, peak_kib = 0;
  std::string protection;  // JSON object: the walls of its box; empty when there was none
  std::string encode() const;
  static Result<CallDone> decode(std::string_view body);
};

// The request was not taken: it is malformed, not allowed from here, or already settled.
struct Refused {
  static constexpr std::uint16_t kType = 0x209;
  std::string session, tool_use, message;
  std::uint8_t settled_before = 0;
  std::string encode() const;
  static Result<Refused> decode(std::string_view body);
};

// Asks for the plan of a call as text; nothing is run.
struct ShowPlan {
  static constexpr std::uint16_t kType = 0x20a;
  std::string session, tool;
  std::vector<std::string> arguments;
  std::string encode() const;
  static Result<ShowPlan> decode(std::string_view body);
};

struct PlanText {
  static constexpr std::uint16_t kType = 0x20b;
  std::string text, denied;
  std::string encode() const;
  static Result<PlanText> decode(std::string_view body);
};

// --- boxer and auditor ---------------------------------------------------------------------

struct Append {
  static constexpr std::uint16_t kType = 0x300;
  std::uint64_t sequence = 0;
  std::string kind;
  std::string members;  // JSON object: the record without what the auditor adds
  std::string encode() const;
  static Result<Append> decode(std::string_view body);
};

struct Appended {  // the record is on stable storage
  static constexpr std::uint16_t kType = 0x301;
  std::uint64_t sequence = 0, index = 0;
  std::string hash;  // hexadecimal
  std::string encode() const;
  static Result<Appended> decode(std::string_view body);
};

struct AppendFailed {  // nothing was recorded
  static constexpr std::uint16_t kType = 0x302;
  std::uint64_t sequence = 0;
  std::string message;
  std::string encode() const;
  static Result<AppendFailed> decode(std::string_view body);
};

struct FindCall {
  static constexpr std::uint16_t kType = 0x303;
  std::uint64_t sequence = 0;
  std::string session, tool_use;
  std::string encode() const;
  static Result<FindCall> decode(std::string_view body);
};

enum class CallState : std::uint8_t { unknown, intended, resulted };

struct CallFound {
  static constexpr std::uint16_t kType = 0x304;
  std::uint64_t sequence = 0;
  CallState state = CallState::unknown;
  std::string encode() const;
  static Result<CallFound> decode(std::string_view body);
};

// --- supervisor and its file opener --------------------------------------------------------

struct OpenFile {
  static constexpr std::uint16_t kType = 0x500;
  std::string path;
  std::string encode() const;
  static Result<OpenFile> decode(std::string_view body);
};

struct FileOpened {  // with one descriptor, or with none and the errno
  static constexpr std::uint16_t kType = 0x501;
  std::uint32_t error = 0;
  std::string encode() const;
  static Result<FileOpened> decode(std::string_view body);
};

// --- supervisor and what runs a program for a secret ----------------------------------------

struct RunCommand {
  static constexpr std::uint16_t kType = 0x502;
  std::string encode() const;
  static Result<RunCommand> decode(std::string_view body);
};

struct CommandRan {  // with the secret in a sealed memory file, or with none and why
  static constexpr std::uint16_t kType = 0x503;
  std::string problem;
  std::string said;  // on standard error
  std::string encode() const;
  static Result<CommandRan> decode(std::string_view body);
};

// Which side of which connection a role holds.
enum class Connection : std::uint8_t {
  role_of_supervisor,  // what a role takes from the supervisor
  supervisor_of_role,
  supervisor_of_worker,  // … from the worker, which also asks for secrets and numbers
  supervisor_of_boxer,   // … from the boxer, which also reports on policies
  supervisor_of_egress,  // … from egress, which also asks for secrets
  boxer_of_worker,       // what the boxer takes from the worker
  boxer_of_command,      // … from a single command, which may also execute programs
  worker_of_boxer,
  auditor_of_boxer,
  boxer_of_auditor,
  auditor_of_supervisor,  // over a connection for records
  supervisor_of_auditor,
  auditor_of_egress,  // over a connection for records
  egress_of_auditor,
  egress_of_boxer,
  boxer_of_egress,
  supervisor_of_operator,  // over the control socket
  operator_of_supervisor,
};
bool accepts(Connection connection, std::uint16_t type);

}  // namespace glovebox::ipc
