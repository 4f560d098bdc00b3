#include "ipc/secret_messages.h"

#include "ipc/layout.h"

namespace glovebox::ipc {

constexpr auto kKnowSecret = layout(number(&KnowSecret::ticket), name(&KnowSecret::item));
std::string KnowSecret::encode() const {
  return kKnowSecret.encode(*this);
}
Result<KnowSecret> KnowSecret::decode(std::string_view body) {
  return kKnowSecret.decode(body);
}

constexpr auto kSecretOver = layout(name(&SecretOver::item));
std::string SecretOver::encode() const {
  return kSecretOver.encode(*this);
}
Result<SecretOver> SecretOver::decode(std::string_view body) {
  return kSecretOver.decode(body);
}

constexpr auto kSecretKnown = layout(number(&SecretKnown::number), text(&SecretKnown::problem));
std::string SecretKnown::encode() const {
  return kSecretKnown.encode(*this);
}
Result<SecretKnown> SecretKnown::decode(std::string_view body) {
  return kSecretKnown.decode(body);
}

}  // namespace glovebox::ipc
