// The supervisor's part in what no record may show: the auditor has it before any role that uses
// it.
#include <signal.h>

#include <algorithm>
#include <format>
#include <string>
#include <utility>
#include <vector>

#include "audit/secret_forms.h"
#include "os/memfd.h"
#include "roles/known_secrets.h"
#include "roles/secret_notice.h"
#include "roles/supervisor.h"

namespace glovebox::roles {

// All that it holds itself.
SecretList Supervisor::known_list() const {
  SecretList list = injected_list();
  if (options_.worker)
    for (const auto& [name, secret] : options_.worker->secrets.held)
      list.emplace_back(std::string(kOfWorker) + name, &secret);
  for (const auto& [name, secret] : options_.egress_secrets.held)
    list.emplace_back(std::string(kOfEgress) + name, &secret);
  return list;
}

// What travels with the auditor's start; the rest follows in supply_auditor().
SecretList Supervisor::first_known() const {
  SecretList list = known_list();
  list.resize(std::min(list.size(), kSecretsAtOnce));
  return list;
}

Result<void> check_maskable(const SecretList& list) {
  for (const auto& [name, secret] : list)
    if (secret->reveal().size() > audit::kMaxSecretBytes)
      return Error(ErrorKind::limit,
                   std::format("secret {} is longer than the {} bytes that records can be kept "
                               "free of\nhint: is it the right file?",
                               name.substr(name.find(':') + 1), audit::kMaxSecretBytes));
  return {};
}

// An auditor that is gone is told when it is started again, and records nothing meanwhile.
Result<void> Supervisor::tell_auditor(const SecretList& list) {
  TRY(check_maskable(list));
  const auto at = children_.find(Role::auditor);
  if (at == children_.end() || !at->second.channel.open()) return {};
  for (std::size_t done = 0; done < list.size(); done += kSecretsAtOnce) {
    const auto begin = list.begin() + static_cast<std::ptrdiff_t>(done);
    const SecretList some(
        begin, begin + static_cast<std::ptrdiff_t>(std::min(kSecretsAtOnce, list.size() - done)));
    const auto sent = send_update(at->second.channel, codec::Json::object(), some);
    if (!sent && sent.error().kind() == ErrorKind::closed) return {};
    TRY(sent);
  }
  return {};
}

// To an auditor that is ready and connected to nobody yet.
Result<void> Supervisor::supply_auditor() {
  SecretList rest = known_list();
  rest.erase(rest.begin(),
             rest.begin() + static_cast<std::ptrdiff_t>(std::min(rest.size(), kSecretsAtOnce)));
  TRY(tell_auditor(rest));
  std::vector<std::pair<std::uint64_t, int>> files;
  for (const TokenShelf::Token& token : tokens_.tokens())
    files.emplace_back(token.number, token.file.get());
  const auto sent = send_tokens(children_.at(Role::auditor).channel, files);
  return !sent && sent.error().kind() == ErrorKind::closed ? Result<void>() : sent;
}

// --- what the worker was given

Result<void> Supervisor::take_token(const ipc::KnowSecret& message, UniqueFd file) {
  const std::uint64_t size = TRY(os::sealed_size(file.get()));
  const auto refuse = [&](const Error& error) {
    log_.error("what a work item was given cannot be kept out of records",
               {{"work", message.item}, {"why", error.message()}});
    update(Role::worker, secret_known(message.ticket, error.message()), {});
  };
  if (size > audit::kMaxSecretBytes) {
    refuse(Error(ErrorKind::limit,
                 std::format("its secret is longer than {} bytes", audit::kMaxSecretBytes)));
    return {};
  }
  const int descriptor = file.get();
  auto taken = tokens_.put(message.item, std::move(file), clock_.monotonic());
  if (!taken) {
    refuse(taken.error());
    return {};
  }
  asked_tokens_.emplace(taken->number, message.ticket);
  // The answer to one that is gone, or goes now, is the next one's: it is told all of the shelf.
  const auto auditor = children_.find(Role::auditor);
  if (auditor == children_.end() || !auditor->second.channel.open()) return {};
  const ipc::Channel& channel = auditor->second.channel;
  auto sent = send_forget(channel, taken->given_up);
  if (sent) sent = send_tokens(channel, {{taken->number, descriptor}});
  if (!sent && sent.error().kind() != ErrorKind::closed)
    token_known({taken->number, sent.error().message()});
  return {};
}

void Supervisor::token_known(const ipc::SecretKnown& answer) {
  const auto asked = asked_tokens_.extract(answer.number);
  if (!answer.problem.empty()) {
    log_.error("the auditor does not mask what a work item was given", {{"why", answer.problem}});
    tokens_.remove(answer.number);
    // An auditor before this one took it, and the session goes on. With the worker it ends, and the
    // next worker asks anew.
    const auto worker = children_.find(Role::worker);
    if (asked.empty() && worker != children_.end()) (void)worker->second.process.signal(SIGKILL);
  }
  if (!asked.empty()) update(Role::worker, secret_known(asked.mapped(), answer.problem), {});
}

}  // namespace glovebox::roles
