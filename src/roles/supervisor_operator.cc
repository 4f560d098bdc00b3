// What the operator asks of a supervisor that runs: to read its files again, and how things are.
// Policies: supervisor_policy.cc.
#include <algorithm>
#include <string>
#include <utility>

#include "codec/metrics.h"
#include "net/tls.h"
#include "os/file.h"
#include "os/identity.h"
#include "roles/known_secrets.h"
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
  reload_secrets(Role::worker);
  reload_secrets(Role::egress);
  reload_authorities();
}

RoleSecrets& Supervisor::secrets_of(Role role) {
  return role == Role::egress ? options_.egress_secrets : options_.worker->secrets;
}

SecretList Supervisor::egress_list() const {
  SecretList list = injected_list();
  for (const auto& [name, secret] : options_.egress_secrets.held) list.emplace_back(name, &secret);
  return list;
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
  SecretList list;
  for (const auto& [name, secret] : read) list.emplace_back(std::string(kInjected) + name, &secret);
  TRY(tell_auditor(list));
  for (auto& [name, secret] : read) injected_.insert_or_assign(name, std::move(secret));
  update(Role::egress, Json::object(), injected_list());
  return {};
}

void Supervisor::reload_secrets(Role role) {
  for (const auto& [name, secret] : secrets_of(role).held) renew_secret(role, name);
}

void Supervisor::renew_secret(Role role, std::string_view name) {
  const auto named = [&](const auto& entry) { return entry.first == name; };
  RoleSecrets& secrets = secrets_of(role);
  const auto secret = std::ranges::find_if(secrets.held, named);
  const auto file = std::ranges::find_if(secrets.files, named);
  if (secret == secrets.held.end()) return;
  if (name == kProxyAuth) {
    const auto word = std::ranges::find_if(words_, [role](const WordCommand& one) {
      return std::ranges::find(one.roles, role) != one.roles.end();
    });
    if (word != words_.end()) {
      if (auto asked = word->command.ask(); !asked)
        log_.error("a secret cannot be read, the last one holds",
                   {{"secret", name}, {"why", asked.error().message()}});
      return;
    }
  }
  if (file == secrets.files.end())
    return log_.info("a secret came once and is not read again",
                     {{"secret", name}, {"role", to_string(role)}});
  auto read = read_secret_file(opener_, file->second);
  if (!read)
    return log_.error(
        "a secret cannot be read, the last one holds",
        {{"secret", name}, {"role", to_string(role)}, {"why", read.error().message()}});
  replace_secret(role, secret->second, name, *std::move(read));
}

void Supervisor::replace_secret(Role role, Secret& held, std::string_view name, Secret&& read) {
  if (equal_secrets(read.reveal(), held.reveal()))
    return log_.info("a secret is as it was", {{"secret", name}, {"role", to_string(role)}});
  const auto of = role == Role::egress ? kOfEgress : kOfWorker;
  if (auto told = tell_auditor({{std::string(of) + std::string(name), &read}}); !told)
    return log_.error("a secret cannot be kept out of records, the last one holds",
                      {{"secret", name}, {"why", told.error().message()}});
  held = std::move(read);
  log_.info("a secret is read again", {{"secret", name}, {"role", to_string(role)}});
  update(role, Json::object(), {{std::string(name), &held}});
}

// --- the word for the proxy, when a program prints it

// One that both roles name is one, and runs once for both.
Outcome<> Supervisor::keep_commands() {
  if (!options_.worker) return {};
  std::vector<std::pair<std::vector<std::string>, std::vector<Role>>> wanted;
  for (const Role role : {Role::worker, Role::egress}) {
    const auto& words = secrets_of(role).proxy_command;
    if (words.empty()) continue;
    if (!wanted.empty() && wanted.front().first == words)
      wanted.front().second.push_back(role);
    else
      wanted.emplace_back(words, std::vector<Role>{role});
  }
  for (auto& [words, roles] : wanted) {
    auto command = SecretCommand::keep(std::move(words), options_.started);
    if (!command) return command.error();
    words_.push_back({*std::move(command), std::move(roles)});
  }
  return {};
}

// Nothing is started without it: every connection would be refused.
Outcome<> Supervisor::print_first_words() {
  for (WordCommand& word : words_) {
    if (auto asked = word.command.ask(); !asked) return asked.error();
    auto printed = take_word(word);
    if (!printed) return failure(ExitCode::unconfigured, printed.error(), kProxyAuth);
    for (const Role role : word.roles)
      secrets_of(role).held.emplace_back(std::string(kProxyAuth), printed->duplicate());
  }
  return {};
}

Result<Secret> Supervisor::take_word(WordCommand& word) {
  CommandAnswer answer = word.command.take();
  if (!answer.said.empty()) log_.warning("the command of proxy_auth says", {{"text", answer.said}});
  return std::move(answer.secret);
}

void Supervisor::renew_word(WordCommand& word) {
  auto printed = take_word(word);
  if (!printed)
    return log_.error("a secret cannot be read, the last one holds",
                      {{"secret", kProxyAuth}, {"why", printed.error().message()}});
  for (const Role role : word.roles)
    for (auto& [name, held] : secrets_of(role).held)
      if (name == kProxyAuth) replace_secret(role, held, name, printed->duplicate());
}

// --- authorities

void Supervisor::reload_authorities() {
  Json& settings = options_.worker->settings;
  const std::string* path = settings.get_string("ca_path");
  if (path != nullptr) {
    std::string pem = *settings.get_string("ca_pem");
    renew_authorities(Role::worker, *path, pem);
    settings.as_object()->set("ca_pem", std::move(pem));
  }
  renew_authorities(Role::egress, options_.egress.ca_path, options_.egress.ca_pem);
}

void Supervisor::renew_authorities(Role role, const std::string& path, std::string& pem) {
  if (path.empty()) return;
  const auto refused = [&](const Error& error) {
    log_.error("the authorities are refused, the last good ones hold",
               {{"file", path}, {"role", to_string(role)}, {"why", error.message()}});
  };
  auto read = os::read_file(path, kMaxAuthorities);
  if (!read) return refused(read.error());
  if (*read == pem) return;
  // Here and not in the role, which may have to be started with them again.
  if (auto valid = net::TlsContext::make({path, *read}); !valid) return refused(valid.error());
  pem = *std::move(read);
  update(role, Json::object({{"ca_path", path}, {"ca_pem", pem}}), {});
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
