#include "roles/policy_desk.h"

#include <algorithm>
#include <format>
#include <utility>

#include "audit/policy_register.h"
#include "codec/digest.h"
#include "codec/utf8.h"
#include "roles/policy_calendar.h"
#include "roles/policy_change.h"
#include "roles/stored_policy.h"

namespace glovebox::roles {

namespace {

using audit::RecordKind;
using codec::Json;
using codec::JsonObject;
using What = PolicyRequest::What;

constexpr std::string_view kNoLog = "the audit log cannot be written";

bool is_digest(std::string_view text) {
  return codec::Sha256Digest::parse_hex(text).has_value();
}

std::string_view name_of(Asker::Way way) {
  switch (way) {
    case Asker::Way::start:
      return "start";
    case Asker::Way::hang_up:
      return "hang-up";
    case Asker::Way::control:
      return "control";
  }
  return "unknown";
}

}  // namespace

Json to_json(const Asker& asker) {
  return Json::object({{"way", name_of(asker.way)}, {"uid", asker.uid}, {"pid", asker.pid}});
}

// --- one request after another

void PolicyDesk::ask(PolicyRequest request) {
  if (waiting_.size() >= kMaxPolicyRequests) {
    if (request.client != 0)
      hands_.answer(request.client, {"too many requests wait already", "{}"});
    return;
  }
  waiting_.push_back(std::move(request));
  next();
}

// Not recursive: what is done at once is followed by the next one here.
void PolicyDesk::next() {
  if (std::exchange(advancing_, true)) return;
  while (!current_ && !waiting_.empty()) {
    current_.emplace();
    current_->request = std::move(waiting_.front());
    waiting_.pop_front();
    start();
  }
  advancing_ = false;
}

void PolicyDesk::start() {
  const PolicyRequest& request = current_->request;
  switch (request.what) {
    case What::load:
      return start_load();
    case What::rollback:
      if (!is_digest(request.subject))
        return finish("the digest of a policy is 64 hexadecimal digits");
      if (active_ && active_->digest == request.subject && !active_->revoked)
        return finish("this policy is the one in use");
      return wait_for(Phase::fetching, policy_log_.fetch(request.subject));
    case What::revoke:
      return start_revoke();
    case What::status:
      return order(Phase::counting, ipc::PolicyAct::count, "");
  }
}

void PolicyDesk::finish(std::string problem, Json facts) {
  const std::uint64_t client = current_->request.client;
  current_.reset();
  if (client != 0) {
    if (problem.size() > kMaxShownReason) problem = problem.substr(0, kMaxShownReason) + " …";
    hands_.answer(client, {std::move(problem), codec::to_json(facts)});
  }
  next();
}

void PolicyDesk::wait_for(Phase phase, const Result<std::uint64_t>& sequence) {
  if (!sequence) return reject(std::string(kNoLog), Cause::log);
  current_->phase = phase;
  current_->waits_for = *sequence;
}

Json PolicyDesk::facts() const {
  return Json::object({{"digest", active_->digest},
                       {"file", active_->source.file},
                       {"since", to_rfc3339(active_->since)},
                       {"by", to_json(active_->by)},
                       {"revoked", active_->revoked}});
}

// --- load and rollback

bool PolicyDesk::is_as_it_was(const PolicySource& source) const {
  const PolicyRequest& request = current_->request;
  if (!active_ || request.what != What::load) return false;
  // After a rollback the file is as it was when it was rolled back: a hang-up is no wish for it.
  if (request.by.way == Asker::Way::hang_up) return on_file_ && same_texts(source, *on_file_);
  return same_texts(source, active_->source) && !active_->revoked;
}

void PolicyDesk::start_load() {
  PolicyRequest& request = current_->request;
  if (request.subject.empty() && on_file_) request.subject = on_file_->file;
  if (!request.source) return weigh(hands_.read_policy(request.subject));
  request.subject = request.source->file;
  weigh(*std::exchange(request.source, std::nullopt));
}

// It was read: is it one, and is it another one?
void PolicyDesk::weigh(const Result<PolicySource>& source) {
  if (!source) return reject(source.error().message());
  PolicyRequest& request = current_->request;
  if (is_as_it_was(*source)) {
    log_.info("the policy is as it was", {{"file", source->file}});
    Json now = facts();
    now.as_object()->set("changed", false);
    return finish("", std::move(now));
  }
  auto digest = hands_.digest_of(*source);
  if (!digest) return reject(digest.error().message());
  if (request.what == What::rollback && *digest != request.subject)
    return reject(std::format("this version of glovebox makes another policy of it: {}", *digest));
  current_->digest = *std::move(digest);
  request.source = *source;
  keep();
}

void PolicyDesk::keep() {
  std::string document = document_of(*current_->request.source);
  if (document.size() > ipc::kMaxPolicyDocument)
    return reject(std::format("a policy with all its files has at most {} MiB, this one {}",
                              ipc::kMaxPolicyDocument / kMiB, document.size() / kMiB));
  wait_for(Phase::keeping, policy_log_.keep(current_->digest, std::move(document)));
}

void PolicyDesk::load(const std::string& document) {
  const PolicyRequest& request = current_->request;
  JsonObject members;
  members.set("pol", current_->digest);
  members.set("doc", document);
  members.set("polfile", request.source->file);
  members.set("act", request.what == What::rollback ? "rollback" : "load");
  members.set("asker", to_json(request.by));
  members.set("what", active_
                          ? change_summary(active_->source, *request.source, day_of(clock_.wall()))
                          : "the first");
  if (active_) members.set("was", active_->digest);
  if (request.also_revoked) members.set("again", true);
  wait_for(Phase::loading, policy_log_.append(RecordKind::policy_load, std::move(members)));
}

void PolicyDesk::take() {
  order(Phase::taking, ipc::PolicyAct::take,
        hands_.settings_with(*current_->request.source, current_->digest));
}

void PolicyDesk::taken() {
  PolicyRequest& request = current_->request;
  if (request.what == What::load) on_file_ = *request.source;
  log_.info(active_ ? "new sessions get another policy" : "the policy is loaded",
            {{"file", request.source->file}, {"digest", current_->digest}});
  active_ = {.source = *std::move(request.source),
             .digest = current_->digest,
             .since = clock_.wall(),
             .by = request.by};
  Json now = facts();
  now.as_object()->set("changed", true);
  now.as_object()->set("record", static_cast<std::int64_t>(current_->record));
  finish("", std::move(now));
}

void PolicyDesk::reject(const std::string& why, Cause cause) {
  const PolicyRequest& request = current_->request;
  if (request.what == What::revoke || request.what == What::status) return finish(why);
  log_.error(active_ ? "the policy is refused, the last good one holds" : "the policy is refused",
             {{"why", why}});
  last_refusal_ = {clock_.wall(), request.subject, why.substr(0, kMaxShownReason), cause};
  JsonObject members;
  members.set("polfile", request.subject);
  members.set("act", request.what == What::rollback ? "rollback" : "load");
  members.set("asker", to_json(request.by));
  members.set("why", why);
  if (!current_->digest.empty()) members.set("pol", current_->digest);
  if (active_) members.set("holds", active_->digest);
  const auto sequence = policy_log_.append(RecordKind::policy_reject, members);
  current_->refused = why;
  if (sequence) {
    current_->phase = Phase::rejecting;
    current_->waits_for = *sequence;
    return;
  }
  if (unrecorded_.size() >= kMaxUnrecorded) unrecorded_.pop_front();
  unrecorded_.push_back(std::move(members));
  finish(why);
}

// --- revoke and status

void PolicyDesk::start_revoke() {
  const PolicyRequest& request = current_->request;
  if (!is_digest(request.subject)) return finish("the digest of a policy is 64 hexadecimal digits");
  current_->digest = request.subject;
  JsonObject members;
  members.set("act", audit::kRevokeAct);
  members.set("pol", request.subject);
  members.set("asker", to_json(request.by));
  wait_for(Phase::revoking, policy_log_.append(RecordKind::operator_action, std::move(members)));
}

Json PolicyDesk::status(const std::string& sessions) const {
  Json status = active_ ? facts() : Json::object();
  JsonObject& members = *status.as_object();
  if (auto counted = codec::parse_json(sessions); counted && counted->is_object()) {
    JsonObject shown;
    std::int64_t others = 0;
    for (const auto& [digest, count] : *counted->as_object()) {
      if (shown.size() < kMaxShownDigests)
        shown.set(digest, count);
      else
        others += count.as_int().value_or(0);
    }
    members.set("sessions", std::move(shown));
    if (others > 0) members.set("other_sessions", others);
  } else {
    members.set("sessions", Json());  // there is no boxer to ask
  }
  if (last_refusal_)
    members.set("refused", Json::object({{"at", to_rfc3339(last_refusal_->at)},
                                         {"file", last_refusal_->file},
                                         {"why", last_refusal_->why}}));
  return status;
}

// --- what the boxer and the auditor say

void PolicyDesk::order(Phase phase, ipc::PolicyAct act, std::string subject) {
  current_->phase = phase;
  current_->waits_for = next_ticket_++;
  const auto ordered = hands_.order({current_->waits_for, act, std::move(subject)});
  if (!ordered) return boxer_lost();
  if (*ordered) boxer_reported(**ordered);
}

void PolicyDesk::boxer_reported(const ipc::PolicyReport& report) {
  if (!current_ || current_->waits_for != report.ticket) return;
  switch (current_->phase) {
    case Phase::taking:
      return report.problem.empty() ? taken() : reject(report.problem);
    case Phase::ending: {
      Json done = Json::object(
          {{"digest", current_->digest}, {"record", static_cast<std::int64_t>(current_->record)}});
      const auto ended = codec::parse_json(report.sessions);
      const auto count = ended ? ended->get_int(current_->digest) : std::nullopt;
      done.as_object()->set("sessions", count.value_or(0));
      return finish(report.problem, std::move(done));
    }
    case Phase::counting:
      return finish(report.problem, status(report.sessions));
    default:
      return;
  }
}

// With it go its sessions; the next one is started with what is active here.
void PolicyDesk::boxer_lost() {
  if (!current_) return;
  if (current_->phase == Phase::taking) return reject("the boxer ended before it confirmed it");
  if (current_->phase != Phase::ending && current_->phase != Phase::counting) return;
  boxer_reported({current_->waits_for, "", ""});
}

void PolicyDesk::log_answered(PolicyLog::Answer answer) {
  if (!current_ || current_->waits_for != answer.sequence) return;
  const auto refused = [&] { return answer.refused.value_or(""); };
  switch (current_->phase) {
    case Phase::fetching:
      if (answer.refused) return reject(refused());
      return weigh(source_of(answer.document));
    case Phase::keeping:
      return answer.refused ? reject(refused(), Cause::log) : load(answer.document);
    case Phase::loading:
      if (answer.refused) return reject(refused());
      current_->record = answer.index;
      return take();
    case Phase::rejecting:
      if (answer.refused) log_.error("a refusal is not recorded", {{"why", refused()}});
      return finish(current_->refused);
    case Phase::revoking:
      if (answer.refused) return finish(refused());
      current_->record = answer.index;
      if (active_ && active_->digest == current_->digest) active_->revoked = true;
      return order(Phase::ending, ipc::PolicyAct::revoke, current_->digest);
    case Phase::taking:
    case Phase::ending:
    case Phase::counting:
      return;
  }
}

void PolicyDesk::log_lost() {
  if (!current_) return;
  switch (current_->phase) {
    case Phase::fetching:
    case Phase::keeping:
    case Phase::loading:
    case Phase::revoking:
      return reject(std::string(kNoLog), Cause::log);
    case Phase::rejecting:  // it may have arrived; then it is there twice
      return reject(current_->refused, last_refusal_->cause);
    case Phase::taking:
    case Phase::ending:
    case Phase::counting:
      return;
  }
}

void PolicyDesk::log_back() {
  // Nobody waits for their answers.
  for (const JsonObject& members : std::exchange(unrecorded_, {}))
    (void)policy_log_.append(RecordKind::policy_reject, members);
}

}  // namespace glovebox::roles
