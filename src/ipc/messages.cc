#include "ipc/messages.h"

#include "ipc/egress_messages.h"
#include "ipc/layout.h"
#include "ipc/policy_messages.h"
#include "ipc/secret_messages.h"

namespace glovebox::ipc {

constexpr auto kStart = layout(blob(&Start::configuration));
std::string Start::encode() const {
  return kStart.encode(*this);
}
Result<Start> Start::decode(std::string_view body) {
  return kStart.decode(body);
}

Result<Ready> Ready::decode(std::string_view body) {
  TRY(Reader(body).finish());
  return Ready{};
}

constexpr auto kPeer = layout(name(&Peer::name));
std::string Peer::encode() const {
  return kPeer.encode(*this);
}
Result<Peer> Peer::decode(std::string_view body) {
  return kPeer.decode(body);
}

Result<Stop> Stop::decode(std::string_view body) {
  TRY(Reader(body).finish());
  return Stop{};
}

constexpr auto kFatal = layout(number(&Fatal::exit_code), text(&Fatal::message));
std::string Fatal::encode() const {
  return kFatal.encode(*this);
}
Result<Fatal> Fatal::decode(std::string_view body) {
  return kFatal.decode(body);
}

constexpr auto kUpdate = layout(blob(&Update::configuration));
std::string Update::encode() const {
  return kUpdate.encode(*this);
}
Result<Update> Update::decode(std::string_view body) {
  return kUpdate.decode(body);
}

constexpr auto kSecretRefused = layout(name(&SecretRefused::name));
std::string SecretRefused::encode() const {
  return kSecretRefused.encode(*this);
}
Result<SecretRefused> SecretRefused::decode(std::string_view body) {
  return kSecretRefused.decode(body);
}

constexpr auto kObserve = layout(number(&Observe::ticket), flag(&Observe::prove));
std::string Observe::encode() const {
  return kObserve.encode(*this);
}
Result<Observe> Observe::decode(std::string_view body) {
  return kObserve.decode(body);
}

constexpr auto kObserved = layout(number(&Observed::ticket), name(&Observed::role),
                                  blob(&Observed::numbers), text(&Observed::problem));
std::string Observed::encode() const {
  return kObserved.encode(*this);
}
Result<Observed> Observed::decode(std::string_view body) {
  return kObserved.decode(body);
}

constexpr auto kOpenSession =
    layout(name(&OpenSession::session), name(&OpenSession::environment), name(&OpenSession::agent),
           name(&OpenSession::work), text(&OpenSession::unserved));
std::string OpenSession::encode() const {
  return kOpenSession.encode(*this);
}
Result<OpenSession> OpenSession::decode(std::string_view body) {
  return kOpenSession.decode(body);
}

constexpr auto kSessionOpened = layout(name(&SessionOpened::session), number(&SessionOpened::index),
                                       list(&SessionOpened::kept));
std::string SessionOpened::encode() const {
  return kSessionOpened.encode(*this);
}
Result<SessionOpened> SessionOpened::decode(std::string_view body) {
  return kSessionOpened.decode(body);
}

constexpr auto kCall = layout(name(&Call::session), name(&Call::tool_use), name(&Call::tool),
                              blob(&Call::input), number(&Call::time_limit_ms));
std::string Call::encode() const {
  return kCall.encode(*this);
}
Result<Call> Call::decode(std::string_view body) {
  return kCall.decode(body);
}

constexpr auto kExecute = layout(name(&Execute::session), name(&Execute::tool_use),
                                 list(&Execute::arguments), number(&Execute::time_limit_ms));
std::string Execute::encode() const {
  return kExecute.encode(*this);
}
Result<Execute> Execute::decode(std::string_view body) {
  return kExecute.decode(body);
}

constexpr auto kCancel =
    layout(name(&Cancel::session), name(&Cancel::tool_use), flag(&Cancel::shutting_down));
std::string Cancel::encode() const {
  return kCancel.encode(*this);
}
Result<Cancel> Cancel::decode(std::string_view body) {
  return kCancel.decode(body);
}

constexpr auto kSettled = layout(name(&Settled::session), name(&Settled::tool_use));
std::string Settled::encode() const {
  return kSettled.encode(*this);
}
Result<Settled> Settled::decode(std::string_view body) {
  return kSettled.decode(body);
}

constexpr auto kCloseSession = layout(name(&CloseSession::session), text(&CloseSession::reason));
std::string CloseSession::encode() const {
  return kCloseSession.encode(*this);
}
Result<CloseSession> CloseSession::decode(std::string_view body) {
  return kCloseSession.decode(body);
}

constexpr auto kSessionClosed = layout(name(&SessionClosed::session));
std::string SessionClosed::encode() const {
  return kSessionClosed.encode(*this);
}
Result<SessionClosed> SessionClosed::decode(std::string_view body) {
  return kSessionClosed.decode(body);
}

constexpr auto kCallDone =
    layout(name(&CallDone::session), name(&CallDone::tool_use), name(&CallDone::outcome),
           flag(&CallDone::is_error), signed_number(&CallDone::status), blob(&CallDone::content),
           text(&CallDone::rule), text(&CallDone::detail), number(&CallDone::index),
           signed_number(&CallDone::wall_us), signed_number(&CallDone::cpu_us),
           signed_number(&CallDone::peak_kib), text(&CallDone::protection));
std::string CallDone::encode() const {
  return kCallDone.encode(*this);
}
Result<CallDone> CallDone::decode(std::string_view body) {
  return kCallDone.decode(body);
}

constexpr auto kRefused = layout(name(&Refused::session), name(&Refused::tool_use),
                                 text(&Refused::message), flag(&Refused::settled_before));
std::string Refused::encode() const {
  return kRefused.encode(*this);
}
Result<Refused> Refused::decode(std::string_view body) {
  return kRefused.decode(body);
}

constexpr auto kShowPlan =
    layout(name(&ShowPlan::session), name(&ShowPlan::tool), list(&ShowPlan::arguments));
std::string ShowPlan::encode() const {
  return kShowPlan.encode(*this);
}
Result<ShowPlan> ShowPlan::decode(std::string_view body) {
  return kShowPlan.decode(body);
}

constexpr auto kPlanText = layout(blob(&PlanText::text), text(&PlanText::denied));
std::string PlanText::encode() const {
  return kPlanText.encode(*this);
}
Result<PlanText> PlanText::decode(std::string_view body) {
  return kPlanText.decode(body);
}

constexpr auto kAppend =
    layout(number(&Append::sequence), name(&Append::kind), blob(&Append::members));
std::string Append::encode() const {
  return kAppend.encode(*this);
}
Result<Append> Append::decode(std::string_view body) {
  return kAppend.decode(body);
}

constexpr auto kAppended =
    layout(number(&Appended::sequence), number(&Appended::index), name(&Appended::hash));
std::string Appended::encode() const {
  return kAppended.encode(*this);
}
Result<Appended> Appended::decode(std::string_view body) {
  return kAppended.decode(body);
}

constexpr auto kAppendFailed =
    layout(number(&AppendFailed::sequence), text(&AppendFailed::message));
std::string AppendFailed::encode() const {
  return kAppendFailed.encode(*this);
}
Result<AppendFailed> AppendFailed::decode(std::string_view body) {
  return kAppendFailed.decode(body);
}

constexpr auto kFindCall =
    layout(number(&FindCall::sequence), name(&FindCall::session), name(&FindCall::tool_use));
std::string FindCall::encode() const {
  return kFindCall.encode(*this);
}
Result<FindCall> FindCall::decode(std::string_view body) {
  return kFindCall.decode(body);
}

constexpr auto kCallFound =
    layout(number(&CallFound::sequence), choice(&CallFound::state, CallState::resulted));
std::string CallFound::encode() const {
  return kCallFound.encode(*this);
}
Result<CallFound> CallFound::decode(std::string_view body) {
  return kCallFound.decode(body);
}

constexpr auto kOpenFile = layout(text(&OpenFile::path));
std::string OpenFile::encode() const {
  return kOpenFile.encode(*this);
}
Result<OpenFile> OpenFile::decode(std::string_view body) {
  return kOpenFile.decode(body);
}

constexpr auto kFileOpened = layout(number(&FileOpened::error));
std::string FileOpened::encode() const {
  return kFileOpened.encode(*this);
}
Result<FileOpened> FileOpened::decode(std::string_view body) {
  return kFileOpened.decode(body);
}

std::string RunCommand::encode() const {
  return {};
}

Result<RunCommand> RunCommand::decode(std::string_view body) {
  TRY(Reader(body).finish());
  return RunCommand{};
}

constexpr auto kCommandRan = layout(text(&CommandRan::problem), text(&CommandRan::said));
std::string CommandRan::encode() const {
  return kCommandRan.encode(*this);
}
Result<CommandRan> CommandRan::decode(std::string_view body) {
  return kCommandRan.decode(body);
}

bool accepts(Connection connection, std::uint16_t type) {
  switch (connection) {
    case Connection::role_of_supervisor:
      return type == Start::kType || type == Peer::kType || type == Stop::kType ||
             type == Update::kType || type == Observe::kType || type == Observed::kType ||
             type == PolicyOrder::kType;
    case Connection::supervisor_of_role:
      return type == Ready::kType || type == Fatal::kType || type == Observed::kType ||
             type == SecretKnown::kType;
    case Connection::supervisor_of_worker:
      return accepts(Connection::supervisor_of_role, type) || type == SecretRefused::kType ||
             type == Observe::kType || type == KnowSecret::kType || type == SecretOver::kType;
    case Connection::supervisor_of_boxer:
      return accepts(Connection::supervisor_of_role, type) || type == PolicyReport::kType;
    case Connection::supervisor_of_egress:
      return accepts(Connection::supervisor_of_role, type) || type == SecretRefused::kType;
    case Connection::boxer_of_worker:
      return type == OpenSession::kType || type == Call::kType || type == Cancel::kType ||
             type == Settled::kType || type == CloseSession::kType;
    case Connection::boxer_of_command:
      return accepts(Connection::boxer_of_worker, type) || type == Execute::kType ||
             type == ShowPlan::kType;
    case Connection::worker_of_boxer:
      return type == SessionOpened::kType || type == SessionClosed::kType ||
             type == CallDone::kType || type == Refused::kType || type == PlanText::kType;
    case Connection::auditor_of_boxer:
      return type == Append::kType || type == FindCall::kType;
    case Connection::boxer_of_auditor:
      return type == Appended::kType || type == AppendFailed::kType || type == CallFound::kType;
    case Connection::auditor_of_supervisor:
      return type == Append::kType || type == KeepPolicy::kType || type == FetchPolicy::kType;
    case Connection::supervisor_of_auditor:
      return type == Appended::kType || type == AppendFailed::kType || type == PolicyKept::kType ||
             type == PolicyFetched::kType;
    case Connection::auditor_of_egress:
      return type == Append::kType;
    case Connection::egress_of_auditor:
      return type == Appended::kType || type == AppendFailed::kType;
    case Connection::egress_of_boxer:
      return type == EgressRulesMessage::kType || type == ServeNetwork::kType ||
             type == NetworkCall::kType || type == FlushNetwork::kType ||
             type == CloseNetwork::kType;
    case Connection::boxer_of_egress:
      return type == NetworkFlushed::kType;
    case Connection::supervisor_of_operator:
      return type == ControlRequest::kType;
    case Connection::operator_of_supervisor:
      return type == ControlAnswer::kType;
  }
  return false;
}

}  // namespace glovebox::ipc
