// The steps that the gate allows, one function for each.
#include <algorithm>
#include <format>
#include <string>
#include <utility>
#include <variant>

#include "os/file.h"
#include "roles/boxer.h"
#include "tools/bash_output.h"

namespace glovebox::roles {

namespace {

using audit::RecordKind;

constexpr unsigned kPrivateFile = 0600;

}  // namespace

void Boxer::take_steps() {
  for (auto steps = gate_.take_steps(); !steps.empty(); steps = gate_.take_steps())
    for (const Step& step : steps) take(step);
}

void Boxer::take(const Step& step) {
  switch (step.kind) {
    case Step::Kind::find:
      return find(step);
    case Step::Kind::decide:
      return decide(step);
    case Step::Kind::ask_deny:
    case Step::Kind::ask_intent:
    case Step::Kind::ask_result:
    case Step::Kind::ask_orphan:
      return ask_record(step);
    case Step::Kind::run:
      return run(step);
    case Step::Kind::stop: {
      const auto session = sessions_.find(step.session);
      if (session == sessions_.end() || !session->second.keeper) return;
      if (const auto call = calls_.find(step.ticket); call != calls_.end())
        call->second.is_interrupted = step.reason == CancelReason::interrupted;
      (void)session->second.keeper->stop(step.ticket, step.reason == CancelReason::shutting_down
                                                          ? box::StopReason::shutting_down
                                                          : box::StopReason::cancelled);
      return;
    }
    case Step::Kind::store:
      return store(step);
    case Step::Kind::forget: {
      const auto session = sessions_.find(step.session);
      if (session != sessions_.end()) (void)session->second.store.pending().remove(step.tool_use);
      return;
    }
    case Step::Kind::deliver:
      deliver(step);
      calls_.erase(step.ticket);
      return;
    case Step::Kind::drop:
      calls_.erase(step.ticket);
      return;
    case Step::Kind::ask_open:
    case Step::Kind::opened:
    case Step::Kind::not_opened:
    case Step::Kind::ask_close:
    case Step::Kind::closed:
      return session_step(step);
  }
}

void Boxer::find(const Step& step) {
  if (!log_client_.connected()) return;
  if (auto sent = log_client_.find(step.ticket, step.session, step.tool_use); !sent)
    log_gone(sent.error().message());
}

// What it may want first: its shell and one file tool, which serves the others as well.
void Boxer::make_boxes_ahead(const std::string& name, BoxerSession& session) {
  const auto warm = std::ranges::count_if(
      sessions_, [](const auto& entry) { return entry.second.keeper.has_value(); });
  if (warm >= host_.settings.warm_sessions || session.keeper) return;
  renew_plans(session);
  for (const std::string tool : {"bash", "read"}) {
    CallDecision decision = decide_for(session, tool, {});
    auto* const plan = std::get_if<box::BoxPlan>(&decision);
    if (plan == nullptr) continue;
    const box::PlanPtr known = box::KnownPlan::of(std::move(*plan));
    session.plans.emplace(tool, known);
    // What cannot be made now is told by the call that needs it.
    if (!session.keeper && !start_keeper(name, session)) return;
    if (!session.keeper->prepare(known)) return drop_keeper(name, session);
  }
}

void Boxer::decide(const Step& step) {
  LiveCall& call = calls_.at(step.ticket);
  BoxerSession& session = sessions_.at(call.session);
  const bool is_plain = call.text.program.empty() && !call.time_limit;
  renew_plans(session);
  if (const auto known = session.plans.find(call.text.tool);
      is_plain && known != session.plans.end()) {
    call.plan = known->second;
    return gate_.decided(step.ticket, Decided::allow);
  }
  CallDecision decision = decide_for(session, call.text.tool, call.text.program, call.time_limit);
  if (auto* plan = std::get_if<box::BoxPlan>(&decision)) {
    call.plan = box::KnownPlan::of(std::move(*plan));
    if (is_plain) session.plans.emplace(call.text.tool, call.plan);
    return gate_.decided(step.ticket, Decided::allow);
  }
  call.denial = std::move(std::get<Denial>(decision));
  gate_.decided(step.ticket, Decided::deny);
}

void Boxer::ask_record(const Step& step) {
  if (!log_client_.connected()) return;
  const auto at = calls_.find(step.ticket);
  RecordKind kind = RecordKind::tool_orphan;
  codec::JsonObject members;
  SystemRandom random;
  const auto salt = audit::Salt::generate(random);
  if (at == calls_.end() || step.kind == Step::Kind::ask_orphan) {
    members = orphan_members(step.ending == Ending::not_recorded ? "the result was not recorded"
                                                                 : "interrupted");
  } else if (step.kind == Step::Kind::ask_intent) {
    kind = RecordKind::tool_intent;
    members = intent_members(at->second.text, *sessions_.at(step.session).policy,
                             at->second.plan->plan(), level_of(at->second), salt);
  } else if (step.kind == Step::Kind::ask_deny) {
    kind = RecordKind::tool_deny;
    if (!at->second.denial)
      at->second.denial =
          Denial{step.reason == CancelReason::shutting_down ? box::Outcome::shutting_down
                                                            : box::Outcome::cancelled,
                 "", "called off before it ran", ""};
    members = deny_members(at->second.text, *sessions_.at(step.session).policy, *at->second.denial,
                           level_of(at->second), salt);
  } else {
    kind = RecordKind::tool_result;
    members = result_members(*at->second.result, level_of(at->second), salt);
  }
  if (auto sent = log_client_.append_call(step.ticket, kind, step.session, step.tool_use,
                                          std::move(members));
      !sent)
    log_gone(sent.error().message());
}

Result<void> Boxer::start_keeper(const std::string& name, BoxerSession& session) {
  if (host_.settings.groups.mode != box::CgroupMode::none &&
      session.group.mode == box::CgroupMode::none)
    session.group = TRY_CONTEXT(box::make_group(host_.settings.groups, box::folder_name(name)),
                                "control group");
  box::KeeperLaunch launch;
  launch.executable = host_.executable;
  launch.session = name;
  launch.places = {session.workspace.path, session.outputs};
  launch.store_fd = session.store.fd();
  launch.host = host_.settings.host;
  launch.cgroup = session.group;
  launch.filter = host_.keeper_filter;
  launch.ahead = host_.settings.warm_sessions > 0 ? box::Ahead::boxes : box::Ahead::none;
  session.keeper = TRY_CONTEXT(box::Keeper::start(launch), "keeper");
  return {};
}

void Boxer::run(const Step& step) {
  LiveCall& call = calls_.at(step.ticket);
  BoxerSession& session = sessions_.at(call.session);
  call.box = LiveCall::InBox::running;
  call.ordered = host_.clock.monotonic();
  end_stale_keeper(call.session, session, step.ticket);
  const auto given = [&]() -> Result<void> {
    if (!session.keeper) TRY(start_keeper(call.session, session));
    box::RunRequest request;
    request.ticket = step.ticket;
    request.plan = call.plan;
    request.input = call.text.input;
    for (std::size_t i = 0; i < call.stdio.size(); ++i) request.stdio[i] = call.stdio[i].get();
    return session.keeper->run(request);
  }();
  call.stdio.clear();
  if (given) return;
  drop_keeper(call.session, session);
  call.result = failed_call(box::Outcome::setup_failed, given.error().message(),
                            tools::no_sandbox_text(call.text.tool, given.error().message()));
  call.box = LiveCall::InBox::no;
  gate_.ran(step.ticket);
  interrupt_running(step.session);
}

void Boxer::read_keeper(const std::string& name) {
  const auto at = sessions_.find(name);
  if (at == sessions_.end() || !at->second.keeper) return;
  auto event = at->second.keeper->receive();
  if (!event || !*event) {
    host_.log.warning("a keeper died", {{"session", name}});
    at->second.lost_keeper = true;
    drop_keeper(name, at->second);
    return interrupt_running(name);
  }
  using Kind = box::KeeperEvent::Kind;
  if ((*event)->kind == Kind::refused) return note_refusals(name, (*event)->refusals);
  if ((*event)->kind == Kind::network) return serve_network(name, at->second, std::move(**event));
  if ((*event)->kind == Kind::closed) return egress_.close(name, (*event)->network);
  const auto call = calls_.find((*event)->ticket);
  if (call == calls_.end() || call->second.box == LiveCall::InBox::no) return;
  if ((*event)->kind == Kind::started) {
    call->second.started = host_.clock.monotonic();
    call->second.network = (*event)->network;
    egress_.name_call(name, call->second.network, call->second.tool_use, call->second.text.tool);
    return;
  }
  box::RunReport& report = (*event)->report;
  count_start(call->second, report.start);
  // Maybe the host is not what it was when the plan was made.
  if (report.verdict.outcome == box::Outcome::setup_failed) at->second.plans.clear();
  CallResult result;
  result.verdict = std::move(report.verdict);
  result.usage = report.usage;
  result.is_error = report.is_error;
  result.content = std::move(report.content);
  result.background = report.background;
  result.guard = report.guard;
  result.start = report.start;
  result.rule = call->second.plan->plan().rule;
  if (result.background > 0) {
    auto& left = at->second.left_running;
    if (left.size() == BoxerSession::kMostLeft) left.pop_front();
    left.push_back({call->first, call->second.tool_use, call->second.plan});
  }
  note_taken(name, call->second.tool_use, result.guard);
  if ((*event)->kind == Kind::done)
    return ended_in_network(call->first, call->second, std::move(result));
  call->second.result = std::move(result);
  call->second.box = LiveCall::InBox::answered;
  gate_.ran(call->first, CallGate::Box::ending);
}

// They come before the end of their call, so that in the log they stand before its result and are
// durable with it.
void Boxer::note_refusals(const std::string& name, const std::vector<box::Refusal>& refusals) {
  const BoxerSession& session = sessions_.at(name);
  for (const box::Refusal& refusal : refusals) {
    std::string tool_use, filter;
    const auto belongs_to = [&](const std::string& call, const box::PlanPtr& plan) {
      tool_use = call;
      if (plan) filter = plan->plan().filter_digest;
    };
    const auto call = calls_.find(refusal.ticket);
    if (call != calls_.end() && call->second.session == name)
      belongs_to(call->second.tool_use, call->second.plan);
    else if (const auto left = std::ranges::find(session.left_running, refusal.ticket,
                                                 &BoxerSession::LeftRunning::ticket);
             left != session.left_running.end())
      belongs_to(left->tool_use, left->plan);
    log_client_.note(
        {RecordKind::sys_deny, name, tool_use, refusal_members(refusal, *session.policy, filter)});
    numbers_.add(codec::Metric::denials_total, {"syscall"}, refusal.times);
  }
  send_notes();
}

// At once: what is asked after it must come after it. Behind a flood the auditor's answers are
// waited for, or each side would only write.
void Boxer::send_notes() {
  while (log_client_.connected() && log_client_.has_notes()) {
    if (log_client_.notes_under_way() >= LogClient::kMostUnderWay) {
      read_log();
    } else if (auto sent = log_client_.send_note(); !sent) {
      log_gone(sent.error().message());
    }
  }
}

void Boxer::box_ended(Ticket ticket, LiveCall& call, CallResult&& result) {
  if (std::exchange(call.box, LiveCall::InBox::no) == LiveCall::InBox::running) {
    call.result = std::move(result);
    return gate_.ran(ticket);
  }
  // It had told its answer, and was stopped before it had ended: nobody called it off.
  if (call.is_interrupted && result.verdict.outcome == box::Outcome::cancelled) {
    CallResult cut = failed_call(box::Outcome::interrupted, "interrupted",
                                 tools::restarted_text(call.text.tool));
    result.verdict = cut.verdict;
    result.content = std::move(cut.content);
    result.is_error = cut.is_error;
  }
  const bool as_told = call.result && call.result->verdict == result.verdict &&
                       call.result->content == result.content;
  call.result = std::move(result);
  if (gate_.keeps_result(ticket)) {
    const box::PendingResults& pending = sessions_.at(call.session).store.pending();
    const box::StoredResult final = to_stored(*call.result, call.text.tool);
    // What was stored is what it came to, or not.
    const auto kept =
        as_told ? pending.amend(call.tool_use, final) : pending.put(call.tool_use, final);
    if (!kept) {
      host_.log.error("a result could not be stored", {{"why", kept.error().message()}});
      (void)pending.remove(call.tool_use);
      gate_.not_kept(ticket);
    }
  }
  gate_.ended(ticket);
}

void Boxer::interrupt_running(const std::string& session) {
  for (auto& [ticket, call] : calls_) {
    if (call.session != session || call.box == LiveCall::InBox::no || call.held) continue;
    box_ended(ticket, call,
              failed_call(box::Outcome::interrupted, "the keeper died",
                          tools::restarted_text(call.text.tool)));
  }
}

CallResult Boxer::result_of(const Step& step, const LiveCall& call) const {
  const std::string& tool = call.text.tool;
  switch (step.ending) {
    case Ending::own:
      if (call.denial) {
        const Denial& denial = *call.denial;
        const bool setup = denial.outcome == box::Outcome::setup_failed;
        CallResult result = failed_call(denial.outcome, denial.why,
                                        setup ? tools::no_sandbox_text(tool, denial.why)
                                              : tools::denied_text(tool, denial.rule));
        result.rule = denial.rule;
        return result;
      }
      [[fallthrough]];
    case Ending::stored:
      return *call.result;
    case Ending::interrupted:
      return failed_call(box::Outcome::interrupted, "interrupted", tools::restarted_text(tool));
    case Ending::cancelled: {
      const bool down = step.reason == CancelReason::shutting_down;
      return failed_call(
          down ? box::Outcome::shutting_down : box::Outcome::cancelled, "called off before it ran",
          down ? tools::shutdown_text(tool) : std::format("{}: cancelled before it ran", tool));
    }
    case Ending::not_recorded:
    case Ending::settled:
      break;
  }
  return failed_call(box::Outcome::audit_failed, "the audit log cannot be written",
                     tools::not_recorded_text(tool));
}

void Boxer::store(const Step& step) {
  LiveCall& call = calls_.at(step.ticket);
  // A denial that was overtaken by a cancel has no part in what is stored.
  call.result = result_of(step, call);
  box::StoredResult stored = to_stored(*call.result, call.text.tool);
  stored.is_provisional = call.box != LiveCall::InBox::no;
  const auto kept = sessions_.at(call.session).store.pending().put(call.tool_use, stored);
  if (!kept) host_.log.error("a result could not be stored", {{"why", kept.error().message()}});
  gate_.stored(step.ticket, kept ? CallGate::Kept::yes : CallGate::Kept::no);
}

void Boxer::deliver(const Step& step) {
  const auto at = calls_.find(step.ticket);
  if (at == calls_.end()) return;
  const LiveCall& call = at->second;
  if (step.ending == Ending::settled) {
    ipc::Refused refused;
    refused.session = call.session;
    refused.tool_use = call.tool_use;
    refused.message = "this call was settled before";
    refused.settled_before = 1;
    return send(refused);
  }
  const CallResult result = result_of(step, call);
  count_answer(call, result.verdict.outcome);
  ipc::CallDone done;
  done.session = call.session;
  done.tool_use = call.tool_use;
  done.outcome = std::string(box::to_string(result.verdict.outcome));
  done.is_error = result.is_error ? 1 : 0;
  done.status = result.verdict.status;
  done.content = call.text.program.empty() ? result.content : "";
  done.rule = result.rule;
  done.detail = result.verdict.detail;
  done.index = step.ending == Ending::not_recorded ? 0 : call.index;
  done.wall_us = result.usage.wall_us;
  done.cpu_us = result.usage.cpu_us;
  done.peak_kib = result.usage.peak_kib;
  if (call.plan && host_.settings.caller == CallerKind::command)
    done.protection = codec::to_json(protection_of(call.plan->plan()));
  send(done);
}

void Boxer::ask_log(RecordKind kind, const std::string& session, codec::JsonObject members) {
  if (!log_client_.connected()) return;
  if (auto sent = log_client_.append_session(kind, session, std::move(members)); !sent)
    log_gone(sent.error().message());
}

void Boxer::record_end(const std::string& name, const BoxerSession& session) {
  ask_log(RecordKind::session_close, name,
          session_close_members(session.close_reason, session.background_ended));
}

void Boxer::session_step(const Step& step) {
  const auto at = sessions_.find(step.session);
  if (at == sessions_.end()) return;
  BoxerSession& session = at->second;
  switch (step.kind) {
    case Step::Kind::ask_open:
      return ask_log(
          RecordKind::session_open, step.session,
          session_open_members(session.facts, *session.policy, host_.settings.host, host_.started));
    case Step::Kind::opened: {
      ipc::SessionOpened opened{step.session, session.index, {}};
      if (auto kept = session.store.pending().list())
        opened.kept = std::move(*kept);
      else
        host_.log.warning("stored results cannot be read", {{"why", kept.error().message()}});
      send(opened);
      sweep_session(step.session, session);  // whatever a boxer left that was killed
      return make_boxes_ahead(step.session, session);
    }
    case Step::Kind::not_opened:
      refuse(step.session, "", "the audit log cannot be written");
      end_session(step.session);
      return;
    case Step::Kind::ask_close:
      if (session.final_sweep || session.awaits_egress) return;
      // Nothing of the session runs any more when its end is recorded.
      if (session.keeper) {
        const box::KeeperParting parting = session.keeper->end();
        session.background_ended += parting.background;
        note_refusals(step.session, parting.refusals);
      }
      drop_keeper(step.session, session);
      session.awaits_egress = egress_.close_all(step.session);
      if (!session.awaits_egress) finish_close(step.session, session);
      return;
    case Step::Kind::closed: {
      const bool told = !session.orphaned;
      end_session(step.session);
      if (told) send(ipc::SessionClosed{step.session});
      if (auto again = wanted_.extract(step.session); !again.empty()) open_session(again.mapped());
      return;
    }
    default:
      return;
  }
}

void Boxer::end_session(const std::string& name) {
  const auto at = sessions_.find(name);
  BoxerSession& session = at->second;
  drop_keeper(name, session);
  const auto warn = [&](std::string_view what, const Result<void>& done) {
    if (!done) host_.log.warning(what, {{"session", name}, {"why", done.error().message()}});
  };
  warn("a control group is left", box::remove_group(session.group));
  if (host_.settings.end == SessionEnd::remove) {
    warn("a workspace is left", host_.workspaces.remove(name));
    warn("a session's folder is left", remove_folder(name, session));
  } else {
    warn("the end of a session was not noted",
         os::replace_file(session.store.fd(), std::string(kLastCloseName),
                          std::to_string(session.index), kPrivateFile));
  }
  sessions_.erase(at);
}

}  // namespace glovebox::roles
