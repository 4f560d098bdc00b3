#include "roles/secret_notice.h"

#include <utility>

#include "ipc/secret_messages.h"
#include "ipc/wire.h"
#include "os/memfd.h"

namespace glovebox::roles {

std::string_view named_item(std::string_view id) {
  return id.substr(0, ipc::kMaxName);
}

codec::Json secret_known(std::uint64_t ticket, std::string_view problem) {
  return codec::Json::object(
      {{kSecretKnown, codec::Json::object(
                          {{"ticket", static_cast<std::int64_t>(ticket)}, {"problem", problem}})}});
}

net::Task<Result<void>> SecretNotice::tell(std::string item, Secret secrets,
                                           net::Patience patience) {
  const std::uint64_t ticket = next_++;
  const auto file = os::sealed_memfd("secret", secrets.reveal());
  if (!file) co_return file.error();
  const ipc::KnowSecret message{ticket, std::string(named_item(item))};
  CO_TRY(supervisor_.send(ipc::KnowSecret::kType, message.encode(), {file->get()}));
  const auto pending = std::make_shared<Pending>(loop_);
  pending_.emplace(ticket, pending);
  const auto waited = co_await pending->done.wait(patience.no_later_than(loop_.now() + kPatience));
  pending_.erase(ticket);
  if (!pending->problem) co_return waited ? Error(ErrorKind::timeout, "no answer") : waited.error();
  if (pending->problem->empty()) co_return Result<void>();
  co_return Error(ErrorKind::denied, *pending->problem);
}

void SecretNotice::end_item(std::string_view item) const {
  // A supervisor that is gone ends this process by itself.
  (void)supervisor_.send(ipc::SecretOver::kType,
                         ipc::SecretOver{std::string(named_item(item))}.encode());
}

void SecretNotice::take(const codec::Json& settings) {
  const codec::Json* answer = settings.get(kSecretKnown);
  if (answer == nullptr) return;
  const auto ticket = answer->get_int("ticket");
  const std::string* problem = answer->get_string("problem");
  if (!ticket || problem == nullptr) return;
  const auto at = pending_.find(static_cast<std::uint64_t>(*ticket));
  if (at == pending_.end()) return;
  at->second->problem = *problem;
  at->second->done.set();
}

}  // namespace glovebox::roles
