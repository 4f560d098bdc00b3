// What the operator asks of a supervisor that runs: to read its files again, and how things are.
// Policies: supervisor_policy.cc.
#include <algorithm>
#include <string>
#include <utility>

#include "codec/metrics.h"
#include "net/tls.h"
#include "os/file.h"
#include "os/identity.h"
#include "roles/supervisor.h"
#include "roles/worker_settings.h"

namespace glovebox::roles {

using codec::Json;

namespace {

constexpr std::uint64_t kMaxAuthorities = 8 << 20;

}  // namespace

void Supervisor::reload() {
  desk_.ask({.what = PolicyRequest::What::load,
             .by = {.way = Asker::Way::hang_up, .uid = os::effective_uid()}});
  if (!options_.worker) return;
  for (const auto& [name, secret] : options_.worker->secrets) renew_secret(name);
  reload_authorities();
}

SecretList Supervisor::injected_list() const {
  SecretList list;
  for (const auto& [name, secret] : injected_)
    list.emplace_back(std::string(kInjected) + name, &secret);
  return list;
}

// Where each may go is told with the rules of a network, so that one of a policy that is refused in
// the end goes nowhere.
Result<void> Supervisor::renew_injected(const policy::Policy& policy) {
  auto read = TRY(read_injected(policy, options_.credentials, opener_));
  for (auto& [name, secret] : read) injected_.insert_or_assign(name, std::move(secret));
  update(Role::egress, Json::object(), injected_list());
  return {};
}

void Supervisor::renew_secret(std::string_view name) {
  const auto named = [&](const auto& entry) { return entry.first == name; };
  auto& secrets = options_.worker->secrets;
  const auto& files = options_.worker->secret_files;
  const auto secret = std::ranges::find_if(secrets, named);
  const auto file = std::ranges::find_if(files, named);
  if (secret == secrets.end()) return;
  if (name == kProxyAuth && !options_.worker->proxy_command.empty()) {
    if (auto asked = command_.ask(); !asked)
      log_.error("a secret cannot be read, the last one holds",
                 {{"secret", name}, {"why", asked.error().message()}});
    return;
  }
  if (file == files.end())
    return log_.info("a secret came once and is not read again", {{"secret", name}});
  auto read = read_secret_file(opener_, file->second);
  if (!read)
    return log_.error("a secret cannot be read, the last one holds",
                      {{"secret", name}, {"why", read.error().message()}});
  replace_secret(secret->second, name, *std::move(read));
}

void Supervisor::replace_secret(Secret& held, std::string_view name, Secret&& read) {
  if (equal_secrets(read.reveal(), held.reveal()))
    return log_.info("a secret is as it was", {{"secret", name}});
  held = std::move(read);
  log_.info("a secret is read again", {{"secret", name}});
  update(Role::worker, Json::object(), {{std::string(name), &held}});
}

// --- the word for the proxy, when a program prints it

// Nothing is started without it: every connection would be refused.
Outcome<> Supervisor::print_first_word() {
  if (!command_.there()) return {};
  if (auto asked = command_.ask(); !asked) return asked.error();
  auto word = take_word();
  if (!word) return failure(ExitCode::unconfigured, word.error(), kProxyAuth);
  options_.worker->secrets.emplace_back(std::string(kProxyAuth), *std::move(word));
  return {};
}

Result<Secret> Supervisor::take_word() {
  CommandAnswer answer = command_.take();
  if (!answer.said.empty()) log_.warning("the command of proxy_auth says", {{"text", answer.said}});
  return std::move(answer.secret);
}

void Supervisor::renew_word() {
  auto word = take_word();
  if (!word)
    return log_.error("a secret cannot be read, the last one holds",
                      {{"secret", kProxyAuth}, {"why", word.error().message()}});
  for (auto& [name, held] : options_.worker->secrets)
    if (name == kProxyAuth) return replace_secret(held, name, *std::move(word));
}

void Supervisor::reload_authorities() {
  Json& settings = options_.worker->settings;
  const std::string* path = settings.get_string("ca_path");
  if (path == nullptr || path->empty()) return;
  const auto refused = [&](const Error& error) {
    log_.error("the authorities are refused, the last good ones hold",
               {{"file", *path}, {"why", error.message()}});
  };
  auto pem = os::read_file(*path, kMaxAuthorities);
  if (!pem) return refused(pem.error());
  if (*pem == *settings.get_string("ca_pem")) return;
  // Here and not in the worker, which may have to be started with them again.
  if (auto valid = net::TlsContext::make({*path, *pem}); !valid) return refused(valid.error());
  settings.as_object()->set("ca_pem", *std::move(pem));
  update(Role::worker,
         Json::object({{"ca_path", *settings.get_string("ca_path")},
                       {"ca_pem", *settings.get_string("ca_pem")}}),
         {});
}

// A role that is gone is started with the same.
void Supervisor::update(Role role, const Json& settings, const SecretList& secrets) {
  const auto at = children_.find(role);
  if (at == children_.end() || !at->second.channel.open()) return;
  if (auto sent = send_update(at->second.channel, settings, secrets); !sent)
    log_.warning("a role was not told what changed",
                 {{"role", to_string(role)}, {"why", sent.error().message()}});
}

// The worker's question goes to the roles as it is; what they say goes back.
void Supervisor::observe(const ipc::Observe& question) {
  ipc::Observed own;
  own.ticket = question.ticket;
  codec::Metrics numbers;
  for (const auto& [role, child] : children_)
    numbers.add(codec::Metric::role_restarts_total, {std::string(to_string(role))}, child.restarts);
  own.numbers = codec::to_json(numbers.to_json());
  pass_on(Role::supervisor, std::move(own));
  for (const Role role : {Role::auditor, Role::boxer, Role::egress}) {
    const auto at = children_.find(role);
    if (at != children_.end() && at->second.channel.open())
      (void)at->second.channel.send(ipc::Observe::kType, question.encode());
  }
}

void Supervisor::pass_on(Role role, ipc::Observed observed) {
  const auto worker = children_.find(Role::worker);
  if (worker == children_.end() || !worker->second.channel.open()) return;
  observed.role = std::string(to_string(role));
  (void)worker->second.channel.send(ipc::Observed::kType, observed.encode());
}

}  // namespace glovebox::roles
