#include "cli/policy_control.h"

#include <fcntl.h>

#include <format>
#include <string_view>
#include <utility>

#include "base/exit_code.h"
#include "cli/message.h"
#include "cli/state_place.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "os/file.h"
#include "os/local_listener.h"
#include "os/process.h"
#include "roles/control_server.h"
#include "roles/outcome.h"
#include "roles/policy_source.h"

namespace glovebox::cli {

namespace {

using codec::Json;
using ipc::ControlAct;
using roles::Failure;
using roles::Outcome;

constexpr milliseconds kPatience{120'000};

Outcome<ipc::Channel> connect(const std::string& state) {
  const auto nobody = [&](std::string_view why) {
    return Failure{ExitCode::unreachable,
                   std::format("no glovebox serves {}: {}\n"
                               "hint: --state names the folder that `glovebox run` or `worker` "
                               "was given",
                               state, why)};
  };
  const auto folder = os::open_path(state + "/run", O_PATH | O_DIRECTORY);
  if (!folder) return nobody(folder.error().message());
  auto socket = os::connect_local(folder->get(), roles::kControlName, os::LocalKind::message);
  if (socket) return ipc::Channel(*std::move(socket));
  if (socket.error().kind() != ErrorKind::denied) return nobody(socket.error().message());
  return Failure{ExitCode::unreachable,
                 std::format("{}: only root and the user that glovebox runs as may ask", state)};
}

// The supervisor has a current folder of its own.
Outcome<std::string> absolute(const std::string& file) {
  if (file.empty() || file.starts_with('/') || roles::is_builtin(file)) return file;
  auto here = os::read_link_at(AT_FDCWD, "/proc/self/cwd");
  if (!here) return here.error();
  return *here + "/" + file;
}

Outcome<ipc::ControlAnswer> ask(const PolicyControlOptions& options) {
  const std::string state = TRY(state_place(options.state));
  ipc::ControlRequest request{options.act, options.subject,
                              static_cast<std::uint8_t>(options.also_revoked ? 1 : 0)};
  if (options.act == ControlAct::load) request.subject = TRY(absolute(options.subject));
  if (request.subject.size() > ipc::kMaxControlSubject)
    return Failure{ExitCode::usage, "a path of so many bytes names no policy"};
  const ipc::Channel channel = TRY(connect(state));
  const Failure gone{ExitCode::unreachable, state + ": glovebox ended before it answered"};
  // Who is turned away may be told so before it has asked.
  (void)channel.send(ipc::ControlRequest::kType, request.encode());
  std::vector<os::Poll> polls = {{.fd = channel.fd()}};
  const auto ready = os::poll_fds(polls, kPatience);
  if (!ready) return ready.error();
  if (!*ready) return Failure{ExitCode::unreachable, state + ": glovebox does not answer"};
  auto envelope = channel.receive_small(ipc::kInlineBody);
  // The end of the connection can be told before what came on it.
  if (envelope && !*envelope) envelope = channel.receive_small(ipc::kInlineBody);
  if (!envelope || !*envelope) return gone;
  if (!ipc::accepts(ipc::Connection::operator_of_supervisor, (*envelope)->type))
    return Failure{ExitCode::bug, "glovebox answers what was not asked"};
  auto answer = ipc::ControlAnswer::decode((*envelope)->body);
  if (!answer) return answer.error();
  return *std::move(answer);
}

std::string text_of(const Json& facts, std::string_view key) {
  const std::string* text = facts.get_string(key);
  return text == nullptr ? "" : *text;
}

std::string asker_text(const Json& facts) {
  const Json* by = facts.get("by");
  if (by == nullptr) return "";
  const std::string way = text_of(*by, "way");
  if (way != "control") return way == "start" ? "at its start" : "at a hang-up";
  return std::format("asked by process {} of user {}", by->get_int("pid").value_or(0),
                     by->get_int("uid").value_or(0));
}

std::string status_text(const Json& facts) {
  std::string text;
  const std::string active = text_of(facts, "digest");
  text += std::format("policy    {}\ndigest    {}\nsince     {}, {}\n", text_of(facts, "file"),
                      active, text_of(facts, "since"), asker_text(facts));
  if (facts.get_bool("revoked").value_or(false))
    text += "revoked   no session is opened until another policy is loaded\n";
  const auto* sessions = facts.get_object("sessions");
  if (sessions == nullptr) {
    text += "sessions  unknown\n";
  } else if (sessions->empty()) {
    text += "sessions  none\n";
  } else {
    for (const auto& [digest, count] : *sessions)
      text += std::format("sessions  {} on {}\n", count.as_int().value_or(0),
                          digest == active ? "this policy" : digest);
  }
  if (const auto others = facts.get_int("other_sessions"))
    text += std::format("sessions  {} on others\n", *others);
  if (const Json* refused = facts.get("refused"))
    text += std::format("refused   {} {}: {}\n", text_of(*refused, "at"), text_of(*refused, "file"),
                        text_of(*refused, "why"));
  return text;
}

}  // namespace

std::string policy_control_text(ControlAct act, const Json& facts) {
  switch (act) {
    case ControlAct::status:
      return status_text(facts);
    case ControlAct::revoke:
      return std::format("revoked {}: {} sessions end, none is opened on it\n",
                         text_of(facts, "digest"), facts.get_int("sessions").value_or(0));
    case ControlAct::load:
    case ControlAct::rollback:
      break;
  }
  if (!facts.get_bool("changed").value_or(true))
    return std::format("{} is as it was: {}\n", text_of(facts, "file"), text_of(facts, "digest"));
  return std::format("loaded {}: {}, for new sessions\n", text_of(facts, "file"),
                     text_of(facts, "digest"));
}

int run_policy_control(const PolicyControlOptions& options) {
  const auto answer = ask(options);
  if (!answer) return to_int(fail(answer.error().code, answer.error().message));
  if (!answer->problem.empty()) return to_int(fail(ExitCode::negative, answer->problem));
  const auto facts = codec::parse_json(answer->facts);
  if (!facts) return to_int(fail(ExitCode::bug, facts.error().message()));
  print_out(options.form == OutputForm::json
                ? ascii_json(answer->facts) + "\n"
                : visible_lines(policy_control_text(options.act, *facts)));
  return to_int(ExitCode::done);
}

}  // namespace glovebox::cli
