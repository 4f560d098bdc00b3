#include "ipc/egress_messages.h"

#include "ipc/layout.h"

namespace glovebox::ipc {

constexpr auto kEgressRulesMessage =
    layout(name(&EgressRulesMessage::digest), blob(&EgressRulesMessage::rules));
std::string EgressRulesMessage::encode() const {
  return kEgressRulesMessage.encode(*this);
}
Result<EgressRulesMessage> EgressRulesMessage::decode(std::string_view body) {
  return kEgressRulesMessage.decode(body);
}

constexpr auto kServeNetwork = layout(number(&ServeNetwork::network), name(&ServeNetwork::session),
                                      name(&ServeNetwork::profile), name(&ServeNetwork::policy),
                                      name(&ServeNetwork::rules), flag(&ServeNetwork::shared));
std::string ServeNetwork::encode() const {
  return kServeNetwork.encode(*this);
}
Result<ServeNetwork> ServeNetwork::decode(std::string_view body) {
  return kServeNetwork.decode(body);
}

constexpr auto kNetworkCall =
    layout(number(&NetworkCall::network), name(&NetworkCall::tool_use), name(&NetworkCall::tool));
std::string NetworkCall::encode() const {
  return kNetworkCall.encode(*this);
}
Result<NetworkCall> NetworkCall::decode(std::string_view body) {
  return kNetworkCall.decode(body);
}

constexpr auto kFlushNetwork =
    layout(number(&FlushNetwork::network), number(&FlushNetwork::ticket));
std::string FlushNetwork::encode() const {
  return kFlushNetwork.encode(*this);
}
Result<FlushNetwork> FlushNetwork::decode(std::string_view body) {
  return kFlushNetwork.decode(body);
}

constexpr auto kNetworkFlushed = layout(number(&NetworkFlushed::ticket));
std::string NetworkFlushed::encode() const {
  return kNetworkFlushed.encode(*this);
}
Result<NetworkFlushed> NetworkFlushed::decode(std::string_view body) {
  return kNetworkFlushed.decode(body);
}

constexpr auto kCloseNetwork =
    layout(number(&CloseNetwork::network), number(&CloseNetwork::ticket));
std::string CloseNetwork::encode() const {
  return kCloseNetwork.encode(*this);
}
Result<CloseNetwork> CloseNetwork::decode(std::string_view body) {
  return kCloseNetwork.decode(body);
}

}  // namespace glovebox::ipc
