#include "roles/auditor.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/metrics.h"
#include "ipc/policy_messages.h"
#include "os/file.h"
#include "os/process.h"
#include "roles/log_space.h"
#include "roles/role_start.h"

namespace glovebox::roles {

namespace {

constexpr milliseconds kNow{0};
// Beside the records of peers, of which the auditor says how many it takes.
constexpr std::size_t kMaxGathered = 4096;

struct Peer {
  std::string name;
  audit::Writer writer;
  ipc::Channel channel;
};
using PeerPtr = std::shared_ptr<Peer>;  // shared with answers that are not given yet

std::optional<audit::Writer> writer_named(std::string_view name) {
  if (name == "boxer") return audit::Writer::boxer;
  if (name == "supervisor") return audit::Writer::supervisor;
  if (name == "egress") return audit::Writer::egress;
  return std::nullopt;
}

ipc::Connection connection_of(audit::Writer writer) {
  if (writer == audit::Writer::supervisor) return ipc::Connection::auditor_of_supervisor;
  if (writer == audit::Writer::egress) return ipc::Connection::auditor_of_egress;
  return ipc::Connection::auditor_of_boxer;
}

Result<std::string> take_id(codec::JsonObject& members, std::string_view key) {
  const codec::Json* value = members.find(key);
  if (value == nullptr) return std::string();
  const std::string* text = value->as_string();
  if (text == nullptr || text->empty())
    return Error(ErrorKind::invalid, "member `" + std::string(key) + "` is not an id");
  std::string id = *text;
  members.erase(key);
  return id;
}

class Server {
 public:
  Server(AuditorWork work, ipc::Channel supervisor)
      : work_(std::move(work)), supervisor_(std::move(supervisor)) {}

  void add_peer(const std::string& name, ipc::Channel channel);
  ExitCode serve();

 private:
  Result<void> gather();
  Result<void> take_from_supervisor();
  Result<void> heed_supervisor();
  Result<void> take_secrets(SupervisorEvent&& event);
  Result<void> take_from_peer(const PeerPtr& peer);
  Result<void> append(const PeerPtr& peer, const ipc::Append& message);
  Result<void> find_call(const PeerPtr& peer, const ipc::FindCall& question);
  Result<void> may_append(const audit::AppendRequest& request) const;
  void keep_policy(const PeerPtr& peer, const ipc::KeepPolicy& message);
  void fetch_policy(const PeerPtr& peer, const ipc::FetchPolicy& message);
  void answer(const PeerPtr& peer, std::uint16_t type, std::string_view body);
  void drop(const PeerPtr& peer, const Error& why);
  Result<void> commit();
  Result<void> flush();
  void answer_operator(const ipc::Observe& question);
  ExitCode failed(const Error& error);

  AuditorWork work_;
  ipc::Channel supervisor_;
  std::vector<PeerPtr> peers_;
  std::vector<std::function<void()>> after_commit_;
  Duration rest_{};  // how long nothing has to be done unless somebody asks
  codec::Metrics numbers_;
  std::optional<Duration> last_flush_;
  bool prove_ = false;                    // somebody asks whether the log can be written now
  std::optional<std::string_view> stop_;  // why
};

void Server::add_peer(const std::string& name, ipc::Channel channel) {
  const auto writer = writer_named(name);
  if (!writer) {
    work_.log.error("a peer that may not write records", {{"peer", name}});
    return;
  }
  std::erase_if(peers_, [&](const PeerPtr& peer) { return peer->name == name; });
  peers_.push_back(std::make_shared<Peer>(Peer{name, *writer, std::move(channel)}));
}

void Server::drop(const PeerPtr& peer, const Error& why) {
  work_.log.error("connection ended", {{"peer", peer->name}, {"error", why.message()}});
  peer->channel.close();
}

void Server::answer(const PeerPtr& peer, std::uint16_t type, std::string_view body) {
  if (!peer->channel.open()) return;
  if (auto sent = peer->channel.send(type, body); !sent) drop(peer, sent.error());
}

// What only the archive knows: which policies are kept, and which were revoked.
Result<void> Server::may_append(const audit::AppendRequest& request) const {
  if (work_.policies != nullptr)
    return work_.policies->policies().may_record(request.kind, request.members);
  if (request.kind == audit::RecordKind::policy_load)
    return Error(ErrorKind::denied, "policies are not kept here");
  return {};
}

Result<void> Server::append(const PeerPtr& peer, const ipc::Append& message) {
  auto request = append_request(peer->writer, message);
  if (request && audit::may_write(peer->writer, request->kind))
    if (auto may = may_append(*request); !may) request = std::move(may).error();
  if (request && work_.secrets != nullptr &&
      (work_.secrets->shows(request->session) || work_.secrets->shows(request->tool_use)))
    request = Error(ErrorKind::invalid, "an id that holds a secret is not recorded");
  const std::string tool_use = request ? request->tool_use : std::string();
  const auto about_policies =
      request && peer->writer == audit::Writer::supervisor ? request->members : codec::JsonObject();
  const auto kind = request ? request->kind : audit::RecordKind::gap;
  const auto reply = [this, peer, sequence = message.sequence, tool_use, about_policies,
                      kind](Result<audit::RecordPlace> place) {
    if (place) {
      if (work_.policies != nullptr)
        work_.policies->policies().note(place->index, kind, about_policies);
      const ipc::Appended done{sequence, place->index, place->leaf.hex()};
      answer(peer, ipc::Appended::kType, done.encode());
    } else if (place.error().kind() == ErrorKind::exists) {
      const ipc::CallFound found{sequence, call_state_for_peer(work_.auditor.find_call(tool_use))};
      answer(peer, ipc::CallFound::kType, found.encode());
    } else {
      const ipc::AppendFailed refused{sequence, place.error().message()};
      answer(peer, ipc::AppendFailed::kType, refused.encode());
    }
  };
  if (!request)
    reply(std::move(request).error());
  else
    work_.auditor.submit(*std::move(request), reply);
  return {};
}

Result<void> Server::take_from_peer(const PeerPtr& peer) {
  auto envelope = TRY(peer->channel.receive());
  if (!envelope) {
    peer->channel.close();
    return {};
  }
  const auto connection = connection_of(peer->writer);
  if (!ipc::accepts(connection, envelope->type) || !envelope->fds.empty())
    return Error(ErrorKind::protocol, "unexpected message");
  switch (envelope->type) {
    case ipc::Append::kType:
      return append(peer, TRY(ipc::Append::decode(envelope->body)));
    case ipc::KeepPolicy::kType:
      keep_policy(peer, TRY(ipc::KeepPolicy::decode(envelope->body)));
      return {};
    case ipc::FetchPolicy::kType:
      fetch_policy(peer, TRY(ipc::FetchPolicy::decode(envelope->body)));
      return {};
    default:
      return find_call(peer, TRY(ipc::FindCall::decode(envelope->body)));
  }
}

Result<void> Server::find_call(const PeerPtr& peer, const ipc::FindCall& question) {
  // Only after the flush: an intent that is not durable yet may still come to nothing.
  const ipc::CallFound found{question.sequence,
                             call_state_for_peer(work_.auditor.find_call(question.tool_use))};
  after_commit_.push_back(
      [this, peer, found] { answer(peer, ipc::CallFound::kType, found.encode()); });
  return {};
}

// Rare, and small: the records that wait for the next flush may wait for this one too.
void Server::keep_policy(const PeerPtr& peer, const ipc::KeepPolicy& message) {
  const auto kept = [&]() -> Result<audit::PolicyArchive::Digest> {
    if (work_.policies == nullptr)
      return Error(ErrorKind::unsupported, "policies are not kept here");
    return work_.policies->keep(TRY(codec::Sha256Digest::parse_hex(message.digest)),
                                message.document);
  }();
  if (kept) {
    const ipc::PolicyKept done{message.sequence, kept->hex()};
    return answer(peer, ipc::PolicyKept::kType, done.encode());
  }
  const ipc::AppendFailed failed{message.sequence, kept.error().message()};
  answer(peer, ipc::AppendFailed::kType, failed.encode());
}

void Server::fetch_policy(const PeerPtr& peer, const ipc::FetchPolicy& message) {
  auto document = [&]() -> Result<std::string> {
    if (work_.policies == nullptr)
      return Error(ErrorKind::unsupported, "policies are not kept here");
    return work_.policies->fetch(TRY(codec::Sha256Digest::parse_hex(message.digest)));
  }();
  if (document) {
    const ipc::PolicyFetched found{message.sequence, *std::move(document)};
    return answer(peer, ipc::PolicyFetched::kType, found.encode());
  }
  const ipc::AppendFailed failed{message.sequence, document.error().message()};
  answer(peer, ipc::AppendFailed::kType, failed.encode());
}

Result<void> Server::take_from_supervisor() {
  SupervisorEvent event = TRY(receive_from_supervisor(supervisor_));
  switch (event.kind) {
    case SupervisorEvent::Kind::peer:
      add_peer(event.name, std::move(event.channel));
      return {};
    case SupervisorEvent::Kind::stop:
      stop_ = "stopped";
      return {};
    case SupervisorEvent::Kind::observe:
      after_commit_.push_back([this, question = event.question] { answer_operator(question); });
      prove_ = prove_ || event.question.prove != 0;
      return {};
    case SupervisorEvent::Kind::update:
      return take_secrets(std::move(event));
    case SupervisorEvent::Kind::observed:
    case SupervisorEvent::Kind::policy:
      return Error(ErrorKind::protocol, "unexpected message");
    case SupervisorEvent::Kind::gone:
      stop_ = "supervisor_gone";
      return {};
  }
  return {};
}

// Everything that it has sent.
Result<void> Server::heed_supervisor() {
  for (bool more = true; more && !stop_;) {
    TRY(take_from_supervisor());
    std::vector<os::Poll> polls = {{.fd = supervisor_.fd()}};
    more = TRY(os::poll_fds(polls, kNow));
  }
  return {};
}

Result<void> Server::take_secrets(SupervisorEvent&& event) {
  if (work_.secrets == nullptr) return Error(ErrorKind::protocol, "unexpected message");
  for (const ipc::SecretKnown& answer :
       TRY(work_.secrets->take(event.settings, std::move(event.secrets))))
    // A supervisor that is gone ends the role by itself.
    (void)supervisor_.send(ipc::SecretKnown::kType, answer.encode());
  return {};
}

// Waits for the first message, then takes what is there already: one from each connection in turn,
// so that none can keep the others from the group.
Result<void> Server::gather() {
  milliseconds wait = std::chrono::ceil<milliseconds>(rest_);
  for (std::size_t gathered = 0; gathered < kMaxGathered && work_.auditor.has_room() && !stop_;
       wait = kNow) {
    std::erase_if(peers_, [](const PeerPtr& peer) { return !peer->channel.open(); });
    const std::vector<PeerPtr> asked = peers_;
    std::vector<os::Poll> polls{{.fd = supervisor_.fd()}};
    for (const PeerPtr& peer : asked) polls.push_back({.fd = peer->channel.fd()});
    if (!TRY(os::poll_fds(polls, wait))) return {};
    // First: whoever can send a secret has it from the supervisor, or from the worker after the
    // supervisor told that it is masked. So a record that was there when we looked can hold none
    // that was not told before it. A peer's records that came before the word to stop are still
    // taken.
    if (polls[0].readable) TRY(heed_supervisor());
    for (std::size_t i = 0; i < asked.size(); ++i) {
      if (!polls[i + 1].readable || !std::ranges::contains(peers_, asked[i])) continue;
      ++gathered;
      if (auto taken = take_from_peer(asked[i]); !taken) drop(asked[i], taken.error());
    }
  }
  return {};
}

// A checkpoint is written through to the device as records are, and needs the same of it.
Result<void> Server::flush() {
  constexpr Duration kFresh = seconds(1);
  const Duration begin = work_.clock.monotonic();
  const bool prove = std::exchange(prove_, false);
  if (work_.auditor.has_pending())
    TRY(work_.auditor.commit());
  else if (prove && (!last_flush_ || begin - *last_flush_ >= kFresh))
    TRY(work_.auditor.seal());
  else
    return {};
  last_flush_ = work_.clock.monotonic();
  numbers_.observe(codec::Metric::audit_flush_seconds, {}, *last_flush_ - begin);
  return {};
}

void Server::answer_operator(const ipc::Observe& question) {
  // Counted from the log itself, so that a new auditor goes on where the last one ended.
  codec::Metrics numbers = numbers_;
  numbers.add(codec::Metric::audit_records_total, {}, work_.store.size());
  if (const auto space = os::space_of(work_.folder))
    numbers.set(codec::Metric::audit_space_bytes, {}, static_cast<std::int64_t>(space->free_bytes));
  ipc::Observed answer;
  answer.ticket = question.ticket;
  answer.numbers = codec::to_json(numbers.to_json());
  // A supervisor that is gone ends the role by itself.
  (void)supervisor_.send(ipc::Observed::kType, answer.encode());
}

Result<void> Server::commit() {
  auto committed = flush();
  const auto answers = std::exchange(after_commit_, {});
  TRY(std::move(committed));
  for (const auto& give : answers) give();
  rest_ = TRY(work_.auditor.tend());
  return {};
}

ExitCode Server::failed(const Error& error) {
  work_.log.error("the audit log cannot be written", {{"error", error.message()}});
  send_fatal(supervisor_, ExitCode::log_failed, error.message());
  peers_.clear();  // nobody is to wait for an answer
  if (os::is_out_of_space(error) && work_.has_space) {
    work_.log.error("the disk of the audit log is full, nothing is run until there is space");
    // What it learns now it does not use any more, and the next one is told again.
    wait_for_space(supervisor_, work_.has_space,
                   [this](SupervisorEvent&& event) { (void)take_secrets(std::move(event)); });
  }
  return ExitCode::log_failed;
}

ExitCode Server::serve() {
  if (auto started = work_.auditor.start(work_.recovered, std::move(work_.boot)); !started)
    return failed(started.error());
  while (!stop_) {
    auto gathered = gather();
    if (auto committed = commit(); !committed) return failed(committed.error());
    if (!gathered) {
      // The supervisor itself broke the protocol, or polling failed: nothing can go on from here.
      work_.log.error("auditor", {{"error", gathered.error().message()}});
      (void)work_.auditor.stop("internal_error");
      send_fatal(supervisor_, ExitCode::bug, gathered.error().message());
      return ExitCode::bug;
    }
  }
  if (auto stopped = work_.auditor.stop(*stop_); !stopped) return failed(stopped.error());
  return ExitCode::done;
}

}  // namespace

Result<audit::AppendRequest> append_request(audit::Writer writer, const ipc::Append& message) {
  const auto kind = audit::parse_record_kind(message.kind);
  if (!kind) return Error(ErrorKind::invalid, "unknown kind of record");
  codec::Json json = TRY_CONTEXT(codec::parse_json(message.members), "record");
  codec::JsonObject* members = json.as_object();
  if (members == nullptr) return Error(ErrorKind::invalid, "record: not an object");
  std::string session = TRY(take_id(*members, "sid"));
  std::string tool_use = TRY(take_id(*members, "tu"));
  std::optional<audit::Salt> salt;
  if (const std::string text = TRY(take_id(*members, audit::kSaltMember)); !text.empty())
    salt = TRY(audit::Salt::parse_hex(text));
  return audit::AppendRequest{.writer = writer,
                              .kind = *kind,
                              .session = std::move(session),
                              .tool_use = std::move(tool_use),
                              .members = std::move(*members),
                              .salt = salt};
}

ipc::CallState call_state_for_peer(audit::CallState state) {
  switch (state) {
    case audit::CallState::unknown:
      return ipc::CallState::unknown;
    case audit::CallState::started:
      return ipc::CallState::intended;
    case audit::CallState::finished:
    case audit::CallState::orphaned:
      return ipc::CallState::resulted;
  }
  return ipc::CallState::resulted;
}

ExitCode run_auditor(AuditorWork work, ipc::Channel supervisor,
                     std::map<std::string, ipc::Channel> peers) {
  Server server(std::move(work), std::move(supervisor));
  for (auto& [name, channel] : peers) server.add_peer(name, std::move(channel));
  return server.serve();
}

}  // namespace glovebox::roles
