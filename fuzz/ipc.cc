// Messages between roles: two bytes of type, then the body. What is taken is written as the same
// bytes: one message, one form.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "ipc/messages.h"
#include "ipc/policy_messages.h"
#include "ipc/secret_messages.h"

using namespace glovebox;
using namespace glovebox::ipc;

namespace {

// The body as it would be written again; nothing when it is refused.
template <class... Messages>
std::optional<std::string> again(std::uint16_t type, std::string_view body) {
  std::optional<std::string> out;
  const auto attempt = [&]<class M>() {
    if (type != M::kType) return;
    if (const auto message = M::decode(body)) out = message->encode();
  };
  (attempt.template operator()<Messages>(), ...);
  return out;
}

std::optional<std::string> again(std::string_view bytes) {
  if (bytes.size() < 2) return std::nullopt;
  std::uint16_t type = 0;
  std::memcpy(&type, bytes.data(), sizeof type);
  return again<Start, Ready, Peer, Stop, Fatal, Update, SecretRefused, Observe, Observed,
               OpenSession, SessionOpened, Call, Execute, Cancel, Settled, CloseSession,
               SessionClosed, CallDone, Refused, ShowPlan, PlanText, Append, Appended, AppendFailed,
               FindCall, CallFound, OpenFile, FileOpened, PolicyOrder, PolicyReport, KeepPolicy,
               PolicyKept, FetchPolicy, PolicyFetched, ControlRequest, ControlAnswer, RunCommand,
               CommandRan, KnowSecret, SecretOver, SecretKnown>(type, bytes.substr(2));
}

}  // namespace

bool fuzz_accepts(std::string_view bytes) {
  return again(bytes).has_value();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto written = again(bytes);
  if (written && *written != bytes.substr(2)) __builtin_trap();
  return 0;
}
