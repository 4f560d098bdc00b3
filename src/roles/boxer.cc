#include "roles/boxer.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <format>
#include <system_error>
#include <utility>

#include "box/plan_text.h"
#include "os/file.h"
#include "os/process.h"

namespace glovebox::roles {

namespace {

// The index of the record that closed the session the last time.
std::optional<std::uint64_t> last_close_of(int folder) {
  const auto file = os::open_at(folder, std::string(kLastCloseName), O_RDONLY | O_NOFOLLOW);
  if (!file) return std::nullopt;
  constexpr std::uint64_t kMaxDigits = 20;
  const auto text = os::read_all(file->get(), kMaxDigits);
  std::uint64_t index = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), index).ec != std::errc{})
    return std::nullopt;
  return index;
}

}  // namespace

Boxer::Boxer(const BoxerHost& host, ActivePolicy policy)
    : host_(host),
      active_(std::make_shared<const ActivePolicy>(std::move(policy))),
      gate_(host.settings.call_slots),
      housekeeping_({host.workspaces, host.sessions_fd, host.settings.keep, host.clock, host.log}),
      egress_(host.clock, host.log) {
  if (host.settings.new_sessions == Sessions::refused) revoked_.insert(active_->digest);
}
Boxer::~Boxer() = default;

void Boxer::refuse(std::string_view session, std::string_view tool_use, std::string_view message) {
  ipc::Refused refused;
  refused.session = std::string(session);
  refused.tool_use = std::string(tool_use);
  refused.message = std::string(message);
  send(refused);
}

// --- who comes and goes

void Boxer::caller_arrived(const std::string& name, ipc::Channel channel) {
  if (name != (host_.settings.caller == CallerKind::worker ? "worker" : "command")) return;
  if (caller_.open()) caller_gone("it was replaced");
  caller_ = std::move(channel);
}

void Boxer::caller_gone(std::string_view why) {
  if (!caller_.open()) return;
  caller_.close();
  if (!gate_.idle())
    host_.log.warning("the caller is gone, its sessions are closed", {{"why", why}});
  for (auto& [name, session] : sessions_) {
    session.close_reason = "the caller is gone";
    session.orphaned = true;
  }
  wanted_.clear();
  unsown_.clear();
  gate_.peer_gone();
}

void Boxer::log_gone(std::string_view why) {
  if (!log_client_.connected()) return;
  log_client_.disconnect();
  host_.log.error("the auditor is gone, nothing is run until it is back", {{"why", why}});
  gate_.log_lost();
  for (auto& [name, session] : sessions_)
    if (session.closing && !session.orphaned) leave_closing(name, session);
}

// Its end is recorded when the log is back, which may be never: a worker has other sessions and is
// not to wait for that. A command waits; it ends if the auditor cannot be started.
void Boxer::leave_closing(const std::string& name, BoxerSession& session) {
  if (host_.settings.caller == CallerKind::command) return;
  session.orphaned = true;
  refuse(name, "", "the end of the session cannot be recorded now");
}

Result<void> Boxer::read_supervisor(const ipc::Channel& supervisor) {
  auto event = TRY(receive_from_supervisor(supervisor));
  switch (event.kind) {
    case SupervisorEvent::Kind::peer:
      if (event.name == "egress") {
        egress_.connect(std::move(event.channel));
        return {};
      }
      if (event.name != "auditor") {
        caller_arrived(event.name, std::move(event.channel));
        return {};
      }
      log_gone("it was replaced");
      log_client_.connect(std::move(event.channel));
      send_notes();
      if (!log_client_.connected()) return {};
      gate_.log_back();
      return {};
    case SupervisorEvent::Kind::policy:
      obey(event.order, supervisor);
      return {};
    case SupervisorEvent::Kind::update:
      return Error(ErrorKind::protocol, "the supervisor updates what the boxer does not have");
    case SupervisorEvent::Kind::observe:
      answer_operator(event.question, supervisor);
      return {};
    case SupervisorEvent::Kind::observed:
      return Error(ErrorKind::protocol, "the supervisor answers what was not asked");
    case SupervisorEvent::Kind::gone:
      return Error(ErrorKind::closed, "the supervisor is gone");
    case SupervisorEvent::Kind::stop:
      stopping_ = true;
      for (auto& [name, session] : sessions_) {
        session.close_reason = "shutting down";
        (void)gate_.close_session(name, CancelReason::shutting_down);
      }
      return {};
  }
  return {};
}

void Boxer::read_log() {
  auto answer = log_client_.receive();
  if (!answer || !*answer) return log_gone(answer ? "it ended" : answer.error().message());
  LogAnswer& got = **answer;
  switch (got.about) {
    case LogAnswer::About::session: {
      if (got.recorded == CallGate::Recorded::refused) return log_gone(got.message);
      const auto session = sessions_.find(got.session);
      if (session != sessions_.end()) session->second.index = got.index;
      return gate_.session_recorded(got.session);
    }
    case LogAnswer::About::note:
      if (got.recorded == CallGate::Recorded::refused)
        host_.log.error("the auditor refused a record", {{"why", got.message}});
      return;
    case LogAnswer::About::call: {
      const auto call = calls_.find(got.ticket);
      if (call != calls_.end()) call->second.index = got.index;
      if (got.recorded == CallGate::Recorded::refused)
        host_.log.warning("the auditor refused a record", {{"why", got.message}});
      return gate_.recorded(got.ticket, got.recorded);
    }
    case LogAnswer::About::found: {
      auto stored = StoredHere::no;
      const auto call = calls_.find(got.ticket);
      if (call != calls_.end() && got.knows != LogKnows::nothing) {
        const auto session = sessions_.find(call->second.session);
        if (session != sessions_.end()) {
          auto kept = session->second.store.pending().get(call->second.tool_use);
          // One whose box was not known to have ended counts when the log has it, and only then.
          const bool counts =
              kept && *kept && (!(*kept)->is_provisional || got.knows == LogKnows::end);
          if (counts) {
            call->second.result = from_stored(std::move(**kept));
            stored = StoredHere::yes;
          }
        }
      }
      return gate_.found(got.ticket, got.knows, stored);
    }
  }
}

// --- what a caller asks for

void Boxer::read_caller() {
  auto envelope = caller_.receive();
  if (!envelope) return caller_gone(envelope.error().message());
  if (!*envelope) return caller_gone("it ended");
  if (auto taken = take_message(std::move(**envelope)); !taken)
    caller_gone(taken.error().message());
}

Result<void> Boxer::take_message(ipc::Envelope&& envelope) {
  const auto connection = host_.settings.caller == CallerKind::worker
                              ? ipc::Connection::boxer_of_worker
                              : ipc::Connection::boxer_of_command;
  if (!ipc::accepts(connection, envelope.type))
    return Error(ErrorKind::protocol, "caller: a message that it may not send");
  const bool program = envelope.type == ipc::Execute::kType;
  if (envelope.fds.size() != (program ? 3u : 0u))
    return Error(ErrorKind::protocol, "caller: descriptors that do not belong there");
  switch (envelope.type) {
    case ipc::OpenSession::kType:
      open_session(TRY(ipc::OpenSession::decode(envelope.body)));
      return {};
    case ipc::Call::kType: {
      auto message = TRY(ipc::Call::decode(envelope.body));
      LiveCall call;
      call.text = {std::move(message.tool), std::move(message.input), {}};
      if (message.time_limit_ms != 0) call.time_limit = milliseconds(message.time_limit_ms);
      take_call(std::move(call), message.session, message.tool_use);
      return {};
    }
    case ipc::Execute::kType: {
      auto message = TRY(ipc::Execute::decode(envelope.body));
      if (message.arguments.empty())
        return Error(ErrorKind::protocol, "caller: a program without a name");
      LiveCall call;
      call.text = {"bash", "", std::move(message.arguments)};
      call.stdio = std::move(envelope.fds);
      if (message.time_limit_ms != 0) call.time_limit = milliseconds(message.time_limit_ms);
      take_call(std::move(call), message.session, message.tool_use);
      return {};
    }
    case ipc::Cancel::kType: {
      const auto message = TRY(ipc::Cancel::decode(envelope.body));
      // Not found: its result is on the way already.
      (void)gate_.cancel(
          message.session, message.tool_use,
          message.shutting_down != 0 ? CancelReason::shutting_down : CancelReason::cancelled);
      return {};
    }
    case ipc::Settled::kType:
      settle(TRY(ipc::Settled::decode(envelope.body)));
      return {};
    case ipc::CloseSession::kType: {
      const auto message = TRY(ipc::CloseSession::decode(envelope.body));
      unsown_.erase(message.session);
      const auto at = sessions_.find(message.session);
      if (at != sessions_.end()) at->second.close_reason = message.reason;
      if (auto closed = gate_.close_session(message.session, CancelReason::cancelled); !closed) {
        refuse(message.session, "", closed.error().message());
      } else if (at != sessions_.end()) {
        at->second.closing = true;
        if (!log_client_.connected()) leave_closing(message.session, at->second);
      }
      return {};
    }
    case ipc::ShowPlan::kType:
      show_plan(TRY(ipc::ShowPlan::decode(envelope.body)));
      return {};
    default:
      return Error(ErrorKind::protocol, "caller: unexpected message");
  }
}

void Boxer::open_session(const ipc::OpenSession& message) {
  const auto refused = [&](const Error& error) { refuse(message.session, "", error.message()); };
  if (message.session.empty() || stopping_)
    return refuse(message.session, "", stopping_ ? "shutting down" : "a session needs an id");
  if (revoked_.contains(active_->digest))
    return refuse(message.session, "", "the policy was revoked, and there is no other yet");
  const auto closing = sessions_.find(message.session);
  if (closing != sessions_.end() && closing->second.orphaned) {
    wanted_.insert_or_assign(message.session, message);
    return;
  }
  if (closing == sessions_.end()) {
    if (housekeeping_.prepare(message.session) == Housekeeping::Place::comes) {
      unsown_.insert_or_assign(message.session, message);
      return;
    }
    auto store = box::SessionStore::open(host_.sessions_fd, message.session);
    if (!store) return refused(store.error());
    auto workspace = host_.workspaces.prepare(message.session);
    if (!workspace) return refused(workspace.error());
    BoxerSession session{
        .policy = active_,
        .facts = {message.environment, message.agent, message.work, {}, message.unserved},
        .workspace = std::move(*workspace),
        .store = std::move(*store),
        .group = {},
        .keeper = {},
        .outputs = std::format("{}/{}/outputs", host_.settings.sessions,
                               box::folder_name(message.session))};
    session.facts.last_close = last_close_of(session.store.fd());
    housekeeping_.touch(session.store.fd());
    sessions_.emplace(message.session, std::move(session));
  }
  if (auto opened = gate_.open_session(message.session); !opened) {
    refused(opened.error());
    // A session that the gate does not know has no end that would remove it here.
    if (opened.error().kind() != ErrorKind::exists) sessions_.erase(message.session);
  }
}

void Boxer::take_call(LiveCall&& call, std::string_view session, std::string_view tool_use) {
  call.session = std::string(session);
  call.tool_use = std::string(tool_use);
  if (tool_use.empty()) return refuse(session, tool_use, "a call needs an id");
  if (call.text.program.empty()) {
    const auto input = codec::parse_json(call.text.input);
    if (!input || !input->is_object())
      return refuse(session, tool_use,
                    "the input is not a JSON object" +
                        (input ? std::string() : ": " + input.error().message()));
  }
  call.began = host_.clock.monotonic();
  const CallMode mode = call.text.program.empty() ? mode_of(call.text.tool) : CallMode::writes;
  auto ticket = gate_.receive(call.session, call.tool_use, mode);
  if (!ticket) {
    const auto open = sessions_.find(call.session);
    const bool revoked = open != sessions_.end() && open->second.revoked;
    return refuse(session, tool_use,
                  revoked ? "the policy of this session was revoked" : ticket.error().message());
  }
  calls_.emplace(*ticket, std::move(call));
}

void Boxer::settle(const ipc::Settled& message) {
  const auto at = sessions_.find(message.session);
  if (at == sessions_.end()) return;
  for (const auto& [ticket, call] : calls_)
    if (call.tool_use == message.tool_use) return;  // in flight: there is nothing to settle yet
  if (auto removed = at->second.store.pending().remove(message.tool_use); !removed)
    host_.log.warning("a settled result could not be removed",
                      {{"why", removed.error().message()}});
}

// The only place that asks a policy: the one that the session's records name.
CallDecision Boxer::decide_for(const BoxerSession& session, const std::string& tool,
                               const std::vector<std::string>& program,
                               std::optional<milliseconds> time_limit) {
  CallQuestion question;
  question.day = today();
  question.environment = session.facts.environment;
  question.agent = session.facts.agent;
  question.tool = tool;
  question.program = program;
  question.time_limit = time_limit;
  question.workspace = session.workspace.path;
  question.outputs = session.outputs;
  question.ids = session.workspace.ids;
  return decide_call(*session.policy, host_.settings, host_.view, question);
}

void Boxer::show_plan(const ipc::ShowPlan& message) {
  const auto at = sessions_.find(message.session);
  if (at == sessions_.end()) return refuse(message.session, "", "the session is not open");
  const std::string& tool = message.arguments.empty() ? message.tool : std::string("bash");
  const CallDecision decision = decide_for(at->second, tool, message.arguments);
  ipc::PlanText answer;
  if (const auto* plan = std::get_if<box::BoxPlan>(&decision)) {
    answer.text = box::to_text(*plan);
  } else {
    const auto& denial = std::get<Denial>(decision);
    answer.denied = std::format("{}: {}", denial.rule, denial.why);
  }
  send(answer);
}

// --- beside the calls

std::set<std::string> Boxer::folders_in_use() const {
  std::set<std::string> folders;
  for (const auto& [name, session] : sessions_) folders.insert(box::folder_name(name));
  for (const auto& [name, message] : wanted_) folders.insert(box::folder_name(name));
  for (const auto& [name, message] : unsown_) folders.insert(box::folder_name(name));
  return folders;
}

void Boxer::keep_house() {
  housekeeping_.attend([this] { return folders_in_use(); });
  for (Housekeeping::Sown& sown : housekeeping_.take_sown()) {
    const auto waiting = unsown_.extract(sown.session);
    if (waiting.empty()) continue;
    if (sown.done)
      open_session(waiting.mapped());
    else
      refuse(sown.session, "", sown.done.error().message());
  }
}

// --- the loop

namespace {

// Less than nothing is for ever.
milliseconds sooner(milliseconds a, milliseconds b) {
  if (a.count() < 0) return b;
  return b.count() < 0 ? a : std::min(a, b);
}

milliseconds until(Duration when, Duration now) {
  if (when == Duration::max()) return milliseconds(-1);
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(when - now));
}

}  // namespace

Result<void> Boxer::serve(RoleStart start) {
  for (auto& [name, channel] : start.peers) {
    if (name == "auditor")
      log_client_.connect(std::move(channel));
    else if (name == "egress")
      egress_.connect(std::move(channel));
    else
      caller_arrived(name, std::move(channel));
  }
  const auto over = [this] {
    // Without a log no end can be recorded; whatever runs is still ended first.
    return stopping_ && (gate_.idle() || (!log_client_.connected() && !gate_.runs_anything()));
  };
  while (!over()) {
    std::vector<os::Poll> polls = {{.fd = start.supervisor.fd()},
                                   {.fd = caller_.open() ? caller_.fd() : -1},
                                   {.fd = log_client_.connected() ? log_client_.fd() : -1},
                                   {.fd = egress_.connected() ? egress_.fd() : -1}};
    const std::size_t first_keeper = polls.size();
    std::vector<std::string> kept;
    for (const auto& [name, session] : sessions_) {
      if (!session.keeper) continue;
      polls.push_back({.fd = session.keeper->fd()});
      kept.push_back(name);
    }
    housekeeping_.add_polls(polls);
    for (const auto& [name, session] : sessions_)
      if (session.final_sweep) polls.push_back({.fd = session.final_sweep->fd()});
    TRY(os::poll_fds(polls, sooner(sooner(housekeeping_.patience(), day_patience()),
                                   until(egress_.next_look(), host_.clock.monotonic()))));
    // The log first: what it says decides what the others may have. Each source gives one message
    // a round, so that no session can keep another waiting.
    if (polls[2].readable) read_log();
    take_steps();
    if (polls[3].readable && egress_.connected() && egress_.fd() == polls[3].fd) egress_.receive();
    attend_egress();
    take_steps();
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (polls[first_keeper + i].readable) read_keeper(kept[i]);
      take_steps();
    }
    if (polls[1].readable && caller_.open() && caller_.fd() == polls[1].fd) read_caller();
    take_steps();
    if (polls[0].readable) TRY(read_supervisor(start.supervisor));
    take_steps();
    keep_house();
    finish_sweeps();
    look_at_day();
    take_steps();
  }
  return {};
}

}  // namespace glovebox::roles
