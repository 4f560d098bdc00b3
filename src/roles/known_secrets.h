// How the auditor learns what no record may show, and what it does with it.
//
// The supervisor tells it: at its start, before it is ready, the secrets that were read from files
// and variables (the environment key, words for proxies, what egress injects); later, each before
// the role that uses it has it, what was read again; and, before anybody is connected to an auditor
// that was started again, what the worker was given for its items (token_shelf.h). An item's are
// answered: the worker begins its session after that.
//
// Only the supervisor is believed. Of a secret with a name of its own the last kValuesOfName values
// are masked, since what was replaced may stand in what comes later. Nothing is kept but what the
// search needs (audit/secret_finder.h), and nothing is written.
//
// A secret shorter than audit::kMinSecretBytes is not masked: the log says so, and the boot record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/mask.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base/secret.h"
#include "codec/json.h"
#include "ipc/channel.h"
#include "ipc/secret_messages.h"

namespace glovebox::roles {

constexpr std::size_t kValuesOfName = 4;
constexpr std::size_t kSecretsAtOnce = 32;  // of one message: os::kMaxPacketFds with room to spare

// Names of what travels. The part before the colon is not shown in records.
inline constexpr std::string_view kOfToken = "token:";
inline constexpr std::string_view kOfWorker = "worker:";
inline constexpr std::string_view kOfEgress = "egress:";

// Sealed memory files as send_update() sends secrets, unread; and the numbers of those to forget.
Result<void> send_tokens(const ipc::Channel& auditor,
                         const std::vector<std::pair<std::uint64_t, int>>& files);
Result<void> send_forget(const ipc::Channel& auditor, const std::vector<std::uint64_t>& numbers);

class KnownSecrets {
 public:
  using ByName = std::map<std::string, Secret>;

  // All outlive it.
  KnownSecrets(audit::Masker& masker, Random& random, const Log& log);

  // Answers for each item's. Errors: protocol; limit: a secret that is not an item's cannot be
  // masked (too long, too many), and so nothing is to be recorded.
  Result<std::vector<ipc::SecretKnown>> take(const codec::Json& settings, ByName&& secrets);
  // Names of those that are too short.
  codec::JsonArray unmasked() const;
  // Whether a record with this id would show a secret: ids are recorded as they are.
  bool shows(std::string_view id) const { return masker_.finds(id); }

 private:
  Result<void> take_named(const std::string& name, const Secret& secret);
  Result<void> put(const std::string& key, std::string_view name, std::string_view bytes);
  ipc::SecretKnown take_token(std::uint64_t number, const Secret& secret);
  void forget_token(std::uint64_t number);

  audit::Masker& masker_;
  const Log& log_;
  std::string salt_;
  struct Value {
    std::string key;     // of the masker; with a suffix for a part
    std::string digest;  // salted
  };
  std::map<std::string, std::deque<Value>> named_;
  std::set<std::string, std::less<>> unmasked_;
  std::uint64_t next_ = 1;
};

}  // namespace glovebox::roles
