#include "roles/supervisor.h"

#include <fcntl.h>
#include <signal.h>

#include <algorithm>
#include <format>
#include <iterator>
#include <utility>

#include "audit/origin.h"
#include "base/clock.h"
#include "codec/digest.h"
#include "ipc/messages.h"
#include "os/call_reports.h"
#include "os/file.h"
#include "os/limits.h"
#include "roles/worker_settings.h"

namespace glovebox::roles {

namespace {

using codec::Json;

constexpr milliseconds kStartPatience{60'000};
constexpr milliseconds kStopPatience{30'000};
constexpr std::string_view kGroupPrefix = "glovebox-";
constexpr std::string_view kFilePrefix = "file:";  // of a secret's `from`

std::string describe(const os::ExitFacts& facts) {
  return std::format("{} {}", facts.signalled ? "signal" : "status", facts.code);
}

// The same for every start on one state folder, so that a later start finds what an earlier left.
// Of every start on a state folder; the rest of the name is the start's own, since what sweeps up
// after the start before may be at work still.
std::string group_prefix(const std::string& state) {
  constexpr std::size_t kDigits = 16;
  return std::format("{}{}-", kGroupPrefix, codec::sha256(state).hex().substr(0, kDigits));
}

}  // namespace

Supervisor::Supervisor(SupervisorOptions options, const Clock& clock, const Log& log)
    : options_(std::move(options)),
      clock_(clock),
      log_(log),
      desk_(*this, policy_log_, clock, log) {}

Supervisor::~Supervisor() {
  children_.clear();  // kills and reaps
  if (!sweeper_) (void)box::remove_group(groups_);
}

Outcome<std::unique_ptr<Supervisor>> Supervisor::start(SupervisorOptions options,
                                                       const Clock& clock, const Log& log) {
  std::unique_ptr<Supervisor> supervisor(new Supervisor(std::move(options), clock, log));
  TRY(supervisor->prepare());
  TRY(supervisor->start_all());
  return supervisor;
}

Outcome<> Supervisor::prepare() {
  auto executable = os::open_own_executable();
  if (!executable) return executable.error();
  executable_ = std::move(*executable);
  auto itself = os::read_link_at(AT_FDCWD, std::format("/proc/self/fd/{}", executable_.get()));
  if (!itself) return itself.error();
  options_.protected_paths.push_back(*std::move(itself));
  auto host = box::probe_host();
  if (!host) return Failure{ExitCode::host_lacks, host.error().message()};
  host_ = std::move(*host);
  call_reports_ = os::try_call_reports().has_value();
  if (host_.cgroups != box::CgroupMode::none) {
    const box::GroupPlaces own = box::find_own_groups();
    const std::string prefix = group_prefix(options_.state.path());
    (void)box::remove_idle_groups(own, prefix);
    SystemRandom random;
    if (auto made = box::make_group(own, prefix + random.hex(4))) groups_ = std::move(*made);
    if (groups_.mode == box::CgroupMode::none) host_.cgroups = box::CgroupMode::none;
  }
  TRY(keep_commands());
  auto injected = read_injected(options_.policy.policy, options_.credentials, opener_);
  if (!injected) return failure(ExitCode::unconfigured, injected.error());
  injected_ = *std::move(injected);
  if (options_.started == StartedAs::root) {
    if (options_.worker) {
      std::vector<std::string> files = options_.policy.paths;
      for (const auto& [name, secret] : options_.policy.policy.secrets)
        if (secret.from.starts_with(kFilePrefix))
          files.push_back(secret.from.substr(kFilePrefix.size()));
      for (const Role role : {Role::worker, Role::egress})
        for (const auto& [name, file] : secrets_of(role).files) files.push_back(file.path);
      auto opener = FileOpener::keep(files);
      if (!opener) return opener.error();
      opener_ = *std::move(opener);
    }
    const RoleUser boxer = user_of(Role::boxer);
    host_.uid = boxer.uid;
    host_.gid = boxer.gid;
    if (auto given = box::give_group(groups_, boxer.uid, boxer.gid); !given) return given.error();
    if (groups_.mode != box::CgroupMode::none) {
      auto sweeper = GroupSweeper::start(groups_);
      if (!sweeper) return sweeper.error();
      sweeper_.emplace(std::move(*sweeper));
    }
  }
  if (auto taken = take_identity(Role::supervisor, options_.started, host_.rung); !taken)
    return Failure{ExitCode::host_lacks, "supervisor: " + taken.error().message()};
  if (auto locked = lock_down(Role::supervisor, {}); !locked)
    return Failure{ExitCode::host_lacks, "supervisor: " + locked.error().message()};
  return {};
}

Json Supervisor::auditor_settings() const {
  return Json::object(
      {{"directory", options_.audit.empty() ? options_.state.audit() : options_.audit},
       {"origin", options_.audit_origin.empty()
                      ? audit::default_origin(os::host_name(), clock_.wall())
                      : options_.audit_origin},
       {"reserve", static_cast<std::int64_t>(options_.audit_reserve)}});
}

Json Supervisor::boxer_settings() const {
  const PolicyDesk::Active& active = *desk_.active();
  return boxer_settings(active.source, active.digest,
                        active.revoked ? Sessions::refused : Sessions::opened)
      .to_json();
}

BoxerSettings Supervisor::boxer_settings(const PolicySource& policy, const std::string& digest,
                                         Sessions sessions) const {
  BoxerSettings settings;
  settings.policy_file = policy.file;
  settings.policy_text = policy.text;
  settings.policy_files = policy.files;
  settings.filters = policy.filters;
  settings.policy_digest = digest;
  settings.new_sessions = sessions;
  settings.sessions = options_.state.sessions();
  settings.trust = options_.state.egress() + "/" + std::string(kTrustName);
  settings.watched = has_egress() && host_.rung != box::Rung::without_user_namespaces;
  settings.work = options_.work.empty() ? options_.state.work() : options_.work;
  settings.workspace = options_.workspace;
  settings.end = options_.end;
  settings.seed = options_.seed;
  settings.first_id = options_.ids.first;
  settings.last_id = options_.ids.last;
  settings.keep = options_.keep;
  settings.call_slots = options_.call_slots;
  settings.warm_sessions = options_.warm_sessions;
  settings.caller = options_.worker ? CallerKind::worker : CallerKind::command;
  settings.protected_paths = options_.protected_paths;
  settings.protected_paths.push_back(options_.state.path());
  if (!options_.audit.empty()) settings.protected_paths.push_back(options_.audit);
  for (const std::string& path : policy.paths) settings.protected_paths.push_back(path);
  settings.host = host_;
  settings.call_reports = call_reports_;
  settings.groups = groups_;
  return settings;
}

// The metrics' socket outlives the worker, so that a question waits for the next one.
Supervisor::Peers Supervisor::worker_peers(int boxer) const {
  Peers peers = {{"boxer", boxer}};
  if (options_.metrics.valid())
    peers.emplace_back(std::string(kMetricsPeer), options_.metrics.get());
  return peers;
}

bool has_egress_rule(const policy::Policy& policy) {
  return std::ranges::any_of(policy.parts,
                             [](const auto& part) { return !part.second.own.egress.empty(); });
}

bool Supervisor::has_egress() const {
  return options_.worker || has_egress_rule(options_.policy.policy);
}

Json Supervisor::egress_settings() const {
  EgressSettings settings = options_.egress;
  settings.folder = options_.state.egress();
  return settings.to_json();
}

Outcome<Supervisor::EarlyEnd> Supervisor::spawn(Role role, Json settings, const Peers& peers) {
  auto pair = ipc::make_channel_pair();
  if (!pair) return pair.error();
  os::SpawnRequest request;
  request.executable = executable_.get();
  request.arguments = {process_name(role)};
  request.fds = {{pair->second.fd(), kStarterFd}};
  auto process = os::spawn(request);
  if (!process) return process.error();
  pair->second.close();
  Child& child = children_[role];
  child.process = std::move(*process);
  child.channel = std::move(pair->first);
  child.stopping = false;
  child.fatal.reset();
  StartOrder order;
  order.role = role;
  order.started = options_.started;
  order.rung = host_.rung;
  order.log_level = options_.log_level;
  order.log_format = options_.log_format;
  order.settings = std::move(settings);
  order.peers = peers;
  if (role == Role::worker)
    for (const auto& [name, secret] : options_.worker->secrets.held)
      order.secrets.emplace_back(name, &secret);
  if (role == Role::egress) order.secrets = egress_list();
  if (role == Role::auditor) order.secrets = first_known();
  if (auto sent = send_start(child.channel, order);
      !sent && sent.error().kind() != ErrorKind::closed)
    return sent.error();
  return await_ready(role);
}

Outcome<Supervisor::EarlyEnd> Supervisor::await_ready(Role role) {
  Child& child = children_.at(role);
  std::vector<os::Poll> polls = {{.fd = child.channel.fd()}};
  auto ready = os::poll_fds(polls, kStartPatience);
  if (!ready) return ready.error();
  if (!*ready)
    return Failure{ExitCode::bug, std::format("the {} did not start in time", to_string(role))};
  auto envelope = child.channel.receive();
  if (envelope && *envelope && (*envelope)->type == ipc::Ready::kType) return EarlyEnd{};
  if (envelope && *envelope && (*envelope)->type == ipc::Fatal::kType) {
    if (auto fatal = ipc::Fatal::decode((*envelope)->body))
      return Failure{static_cast<ExitCode>(fatal->exit_code),
                     std::format("{}: {}", to_string(role), fatal->message)};
  }
  child.channel.close();
  (void)child.process.signal(SIGKILL);  // it has ended, or says what no role says
  const auto facts = child.process.reap(os::Process::Wait::yes);
  if (!facts) return facts.error();
  return EarlyEnd(*facts);
}

Outcome<> Supervisor::start_first(Role role, Json settings, const Peers& peers) {
  const auto started = spawn(role, std::move(settings), peers);
  if (!started) return started.error();
  if (!*started) return {};
  return Failure{ExitCode::bug, std::format("the {} ended while it started ({})", to_string(role),
                                            describe(**started))};
}

Outcome<> Supervisor::start_all() {
  TRY(print_first_words());
  auto log = ipc::make_channel_pair();
  auto calls = ipc::make_channel_pair();
  auto own = ipc::make_channel_pair();
  if (!log || !calls || !own) return Failure{ExitCode::bug, "no channel could be made"};
  auto out = ipc::make_channel_pair();
  auto out_log = ipc::make_channel_pair();
  if (!out || !out_log) return Failure{ExitCode::bug, "no channel could be made"};
  Peers writers = {{"boxer", log->first.fd()}, {"supervisor", own->first.fd()}};
  if (has_egress()) writers.emplace_back("egress", out_log->first.fd());
  if (auto maskable = check_maskable(known_list()); !maskable)
    return failure(ExitCode::unconfigured, maskable.error());
  TRY(start_first(Role::auditor, auditor_settings(), writers));
  if (auto supplied = supply_auditor(); !supplied)
    return failure(ExitCode::bug, supplied.error(), "auditor");
  own->first.close();  // so that its end is seen
  policy_log_.connect(std::move(own->second));
  TRY(record_proof());
  const char* caller = options_.worker ? "worker" : "command";
  Peers of_boxer = {{"auditor", log->second.fd()}, {caller, calls->first.fd()}};
  if (has_egress()) {
    TRY(start_first(Role::egress, egress_settings(),
                    {{"auditor", out_log->second.fd()}, {"boxer", out->second.fd()}}));
    of_boxer.emplace_back("egress", out->first.fd());
  }
  TRY(load_first_policy(std::move(of_boxer)));
  ++generation_;
  if (!options_.worker) {
    caller_ = std::move(calls->second);
    return {};
  }
  TRY(open_control());
  return start_first(Role::worker, options_.worker->settings, worker_peers(calls->second.fd()));
}

// --- one of them died

Outcome<> Supervisor::start_again(Role role, Json settings, const Peers& peers,
                                  const std::function<void()>& connect) {
  const auto early_end = spawn(role, std::move(settings), peers);
  if (!early_end) return early_end.error();
  if (*early_end) return count_death(role, **early_end);
  connect();
  return {};
}

Outcome<> Supervisor::replace(Role role) {
  auto pair = ipc::make_channel_pair();
  auto other = ipc::make_channel_pair();
  auto out = ipc::make_channel_pair();
  if (!pair || !other || !out) return Failure{ExitCode::bug, "no channel could be made"};
  const auto tell = [&](Role whom, std::string_view name, int fd) {
    // If that one is dying too, its own replacement gets a connection of its own.
    const auto at = children_.find(whom);
    if (at != children_.end() && at->second.channel.open())
      (void)send_peer(at->second.channel, name, fd);
  };
  switch (role) {
    case Role::auditor:
      return start_again(role, auditor_settings(),
                         {{"boxer", pair->first.fd()},
                          {"supervisor", other->first.fd()},
                          {"egress", out->first.fd()}},
                         [&] {
                           // Before anybody can send it a record. One that does not take it gets
                           // none: it ends, and the next is told.
                           if (auto supplied = supply_auditor(); !supplied) {
                             log_.error("the auditor cannot be told what to mask",
                                        {{"why", supplied.error().message()}});
                             (void)children_.at(role).process.signal(SIGKILL);
                             return;
                           }
                           tell(Role::boxer, "auditor", pair->second.fd());
                           tell(Role::egress, "auditor", out->second.fd());
                           other->first.close();
                           policy_log_.connect(std::move(other->second));
                           desk_.log_back();
                         });
    case Role::boxer: {
      const char* caller = options_.worker ? "worker" : "command";
      return start_again(
          role, boxer_settings(),
          {{"auditor", pair->first.fd()}, {caller, other->first.fd()}, {"egress", out->first.fd()}},
          [&] {
            tell(Role::auditor, "boxer", pair->second.fd());
            tell(Role::egress, "boxer", out->second.fd());
            ++generation_;
            if (options_.worker)
              tell(Role::worker, "boxer", other->second.fd());
            else
              caller_ = std::move(other->second);
          });
    }
    case Role::worker:
      return start_again(role, options_.worker->settings, worker_peers(pair->first.fd()), [&] {
        tell(Role::boxer, "worker", pair->second.fd());
        if (worker_asked_to_stop_) ask_worker_to_stop();
      });
    case Role::egress:
      return start_again(role, egress_settings(),
                         {{"auditor", pair->first.fd()}, {"boxer", out->first.fd()}}, [&] {
                           tell(Role::auditor, "egress", pair->second.fd());
                           tell(Role::boxer, "egress", out->second.fd());
                         });
    case Role::supervisor:
    case Role::keeper:
      break;
  }
  return Failure{ExitCode::bug, "no such child"};
}

Outcome<> Supervisor::count_death(Role role, const os::ExitFacts& facts) {
  log_.warning("a role died and is started again",
               {{"role", to_string(role)}, {"by", describe(facts)}});
  const Duration now = clock_.monotonic();
  deaths_.push_back(now);
  while (deaths_.front() + kDeathWindow < now) deaths_.pop_front();
  if (deaths_.size() >= kMaxDeaths)
    return Failure{ExitCode::bug,
                   std::format("roles died {} times within {} s, last the {} ({})", deaths_.size(),
                               kDeathWindow.count(), to_string(role), describe(facts))};
  ++children_.at(role).restarts;
  return replace(role);
}

Outcome<> Supervisor::ended(Role role) {
  Child& child = children_.at(role);
  auto facts = child.process.reap(os::Process::Wait::no);
  if (!facts) return facts.error();
  if (!*facts) return {};
  child.channel.close();
  if (child.stopping) return {};
  if (role == Role::boxer) desk_.boxer_lost();
  if (role == Role::worker) {
    tokens_.end_all(clock_.monotonic());
    asked_tokens_.clear();
  }
  if (role == Role::auditor && policy_log_.connected()) {
    policy_log_.disconnect();
    desk_.log_lost();
  }
  const bool own_end = !(*facts)->signalled && (child.fatal || (*facts)->code == 0);
  if (role == Role::worker && own_end) {
    worker_ended_ = child.fatal.value_or(Failure{ExitCode::done, ""});
    return {};
  }
  return count_death(role, **facts);
}

Outcome<> Supervisor::read_from(Role role) {
  Child& child = children_.at(role);
  auto envelope = child.channel.receive();
  if (!envelope || !*envelope) {
    child.channel.close();  // its end is seen by the pidfd
    return {};
  }
  if (auto taken = take(role, std::move(**envelope)); !taken) {
    log_.error("a role broke the protocol", {{"role", to_string(role)}});
    (void)child.process.signal(SIGKILL);
  }
  return {};
}

Outcome<> Supervisor::take(Role role, ipc::Envelope&& envelope) {
  const Error broken(ErrorKind::protocol, "unexpected message");
  const auto connection = role == Role::worker   ? ipc::Connection::supervisor_of_worker
                          : role == Role::boxer  ? ipc::Connection::supervisor_of_boxer
                          : role == Role::egress ? ipc::Connection::supervisor_of_egress
                                                 : ipc::Connection::supervisor_of_role;
  const std::size_t fds = envelope.type == ipc::KnowSecret::kType ? 1 : 0;
  if (!ipc::accepts(connection, envelope.type) || envelope.fds.size() != fds) return broken;
  Child& child = children_.at(role);
  switch (envelope.type) {
    case ipc::Fatal::kType: {
      const auto fatal = ipc::Fatal::decode(envelope.body);
      if (!fatal) return fatal.error();
      child.fatal = Failure{static_cast<ExitCode>(fatal->exit_code),
                            std::format("{}: {}", to_string(role), fatal->message)};
      log_.error("a role gave up", {{"role", to_string(role)}, {"why", fatal->message}});
      return {};
    }
    case ipc::SecretRefused::kType: {
      const auto refused = ipc::SecretRefused::decode(envelope.body);
      if (!refused) return refused.error();
      renew_secret(role, refused->name);
      return {};
    }
    case ipc::Observe::kType: {
      const auto question = ipc::Observe::decode(envelope.body);
      if (!question) return question.error();
      observe(*question);
      return {};
    }
    case ipc::Observed::kType: {
      auto observed = ipc::Observed::decode(envelope.body);
      if (!observed) return observed.error();
      pass_on(role, *std::move(observed));
      return {};
    }
    case ipc::PolicyReport::kType: {
      const auto report = ipc::PolicyReport::decode(envelope.body);
      if (!report) return report.error();
      desk_.boxer_reported(*report);
      return {};
    }
    case ipc::KnowSecret::kType: {
      const auto message = ipc::KnowSecret::decode(envelope.body);
      if (!message) return message.error();
      if (auto taken = take_token(*message, std::move(envelope.fds.front())); !taken)
        return taken.error();
      return {};
    }
    case ipc::SecretOver::kType: {
      const auto message = ipc::SecretOver::decode(envelope.body);
      if (!message) return message.error();
      tokens_.end_item(message->item, clock_.monotonic());
      return {};
    }
    case ipc::SecretKnown::kType: {
      const auto message = ipc::SecretKnown::decode(envelope.body);
      if (!message || role != Role::auditor) return broken;
      token_known(*message);
      return {};
    }
    default:
      return broken;  // Ready, a second time
  }
}

std::vector<int> Supervisor::fds() const {
  std::vector<int> fds;
  for (const auto& [role, child] : children_) {
    if (child.channel.open()) fds.push_back(child.channel.fd());
    if (child.process.running()) fds.push_back(child.process.pidfd());
  }
  if (policy_log_.connected()) fds.push_back(policy_log_.fd());
  if (control_) std::ranges::copy(control_->fds(), std::back_inserter(fds));
  for (const WordCommand& word : words_)
    if (word.command.there()) fds.push_back(word.command.fd());
  return fds;
}

Outcome<> Supervisor::attend() {
  std::vector<os::Poll> polls;
  for (int fd : fds()) polls.push_back({.fd = fd});
  if (auto ready = os::poll_fds(polls, milliseconds(0)); !ready) return ready.error();
  const auto readable = [&](int fd) {
    return std::ranges::any_of(polls, [&](const os::Poll& p) { return p.fd == fd && p.readable; });
  };
  for (Role role : kAllRoles) {
    const auto at = children_.find(role);
    if (at == children_.end()) continue;
    Child& child = at->second;
    const int pidfd = child.process.running() ? child.process.pidfd() : -1;
    if (child.channel.open() && readable(child.channel.fd())) TRY(read_from(role));
    if (pidfd >= 0 && readable(pidfd)) TRY(ended(role));
  }
  attend_policy();
  for (WordCommand& word : words_)
    if (word.command.there() && readable(word.command.fd())) renew_word(word);
  return {};
}

// --- the end

void Supervisor::ask_worker_to_stop() {
  worker_asked_to_stop_ = true;  // and so is the one that replaces it
  const auto at = children_.find(Role::worker);
  if (at == children_.end() || !at->second.channel.open()) return;
  (void)at->second.channel.send(ipc::Stop::kType, ipc::Stop{}.encode());
}

Outcome<> Supervisor::stop(StopMode mode) {
  Outcome<> first;
  control_.reset();
  // The one that asks goes first, the one that records goes last.
  for (Role role : {Role::worker, Role::boxer, Role::egress, Role::auditor}) {
    const auto at = children_.find(role);
    if (at == children_.end() || !at->second.process.running()) continue;
    Child& child = at->second;
    child.stopping = true;
    if (role == Role::boxer) caller_.close();
    if (mode == StopMode::at_once) {
      child.process.end();
      continue;
    }
    (void)child.channel.send(ipc::Stop::kType, ipc::Stop{}.encode());
    std::vector<os::Poll> polls = {{.fd = child.process.pidfd()}};
    const auto ready = os::poll_fds(polls, kStopPatience);
    if (!ready || !*ready) {
      child.process.end();
      if (first)
        first = Failure{ExitCode::bug, std::format("the {} did not stop in time", to_string(role))};
      continue;
    }
    (void)read_from(role);
    const auto facts = child.process.reap(os::Process::Wait::yes);
    if (first && child.fatal) first = *child.fatal;
    if (first && facts && *facts && ((*facts)->signalled || (*facts)->code != 0))
      first = Failure{ExitCode::bug,
                      std::format("the {} ended with {}", to_string(role), describe(**facts))};
  }
  return first;
}

std::string Supervisor::state_line() const {
  Json roles = Json::object();
  for (const auto& [role, child] : children_) {
    roles.as_object()->set(
        std::string(to_string(role)),
        Json::object({{"pid", child.process.running() ? Json(child.process.pid()) : Json()},
                      {"restarts", static_cast<std::int64_t>(child.restarts)}}));
  }
  return codec::to_json(Json::object({{"state", options_.state.path()},
                                      {"policy", desk_.active()->source.file},
                                      {"digest", desk_.active()->digest},
                                      {"rung", static_cast<int>(host_.rung)},
                                      {"roles", std::move(roles)}}));
}

}  // namespace glovebox::roles
