#include "ipc/policy_messages.h"

#include "ipc/layout.h"

namespace glovebox::ipc {

constexpr auto kPolicyOrder =
    layout(number(&PolicyOrder::ticket), choice(&PolicyOrder::act, PolicyAct::count),
           blob(&PolicyOrder::subject));
std::string PolicyOrder::encode() const {
  return kPolicyOrder.encode(*this);
}
Result<PolicyOrder> PolicyOrder::decode(std::string_view body) {
  return kPolicyOrder.decode(body);
}

constexpr auto kPolicyReport = layout(number(&PolicyReport::ticket), text(&PolicyReport::problem),
                                      blob(&PolicyReport::sessions));
std::string PolicyReport::encode() const {
  return kPolicyReport.encode(*this);
}
Result<PolicyReport> PolicyReport::decode(std::string_view body) {
  return kPolicyReport.decode(body);
}

constexpr auto kKeepPolicy = layout(number(&KeepPolicy::sequence), name(&KeepPolicy::digest),
                                    bytes(&KeepPolicy::document, kMaxPolicyDocument));
std::string KeepPolicy::encode() const {
  return kKeepPolicy.encode(*this);
}
Result<KeepPolicy> KeepPolicy::decode(std::string_view body) {
  return kKeepPolicy.decode(body);
}

constexpr auto kPolicyKept = layout(number(&PolicyKept::sequence), name(&PolicyKept::document));
std::string PolicyKept::encode() const {
  return kPolicyKept.encode(*this);
}
Result<PolicyKept> PolicyKept::decode(std::string_view body) {
  return kPolicyKept.decode(body);
}

constexpr auto kFetchPolicy = layout(number(&FetchPolicy::sequence), name(&FetchPolicy::digest));
std::string FetchPolicy::encode() const {
  return kFetchPolicy.encode(*this);
}
Result<FetchPolicy> FetchPolicy::decode(std::string_view body) {
  return kFetchPolicy.decode(body);
}

constexpr auto kPolicyFetched =
    layout(number(&PolicyFetched::sequence), bytes(&PolicyFetched::document, kMaxPolicyDocument));
std::string PolicyFetched::encode() const {
  return kPolicyFetched.encode(*this);
}
Result<PolicyFetched> PolicyFetched::decode(std::string_view body) {
  return kPolicyFetched.decode(body);
}

constexpr auto kControlRequest = layout(choice(&ControlRequest::act, ControlAct::revoke),
                                        bytes(&ControlRequest::subject, kMaxControlSubject),
                                        flag(&ControlRequest::also_revoked));
std::string ControlRequest::encode() const {
  return kControlRequest.encode(*this);
}
Result<ControlRequest> ControlRequest::decode(std::string_view body) {
  return kControlRequest.decode(body);
}

constexpr auto kControlAnswer = layout(bytes(&ControlAnswer::problem, kMaxControlAnswer),
                                       bytes(&ControlAnswer::facts, kMaxControlAnswer));
std::string ControlAnswer::encode() const {
  return kControlAnswer.encode(*this);
}
Result<ControlAnswer> ControlAnswer::decode(std::string_view body) {
  return kControlAnswer.decode(body);
}

}  // namespace glovebox::ipc
