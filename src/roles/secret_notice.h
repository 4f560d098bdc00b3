// The worker tells what it was given for an item, and waits until no record can show it.
//
// It goes to the supervisor, which passes it to the auditor unread (known_secrets.h). Whoever is
// not told yes does not begin the session.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "codec/json.h"
#include "ipc/channel.h"
#include "net/event.h"
#include "net/loop.h"
#include "net/task.h"

namespace glovebox::roles {

// In an Update of the worker: the answer to a KnowSecret.
inline constexpr std::string_view kSecretKnown = "secret_known";

class SecretNotice {
 public:
  // An auditor that died is back sooner.
  static constexpr seconds kPatience{60};

  // Both outlive it.
  SecretNotice(net::Loop& loop, const ipc::Channel& supervisor)
      : loop_(loop), supervisor_(supervisor) {}

  // Kinds: denied (the auditor's words), timeout, cancelled, closed.
  net::Task<Result<void>> tell(std::string item, Secret secrets, net::Patience patience);
  void end_item(std::string_view item) const;
  // From the settings of an Update; others are not its.
  void take(const codec::Json& settings);

 private:
  struct Pending {
    explicit Pending(net::Loop& loop) : done(loop) {}
    net::Event done;
    std::optional<std::string> problem;
  };
  net::Loop& loop_;
  const ipc::Channel& supervisor_;
  std::map<std::uint64_t, std::shared_ptr<Pending>> pending_;
  std::uint64_t next_ = 1;
};

// As both sides name an item: at most what a message takes.
std::string_view named_item(std::string_view id);

codec::Json secret_known(std::uint64_t ticket, std::string_view problem);

}  // namespace glovebox::roles
