#include "roles/status_server.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "codec/json.h"
#include "codec/metrics.h"

namespace glovebox::roles {

namespace {

constexpr std::array<std::string_view, 4> kAsked = {"supervisor", "auditor", "boxer", "egress"};
constexpr Duration kPatience = seconds(2);      // of one question to the roles
constexpr Duration kBoxPatience = seconds(30);  // of a box that is tried
constexpr std::size_t kConnections = 16;
constexpr std::uint64_t kMaxBody = 1024;

net::ServerLimits limits() {
  net::ServerLimits limits;
  limits.message.body = ByteLimit(kMaxBody);
  limits.idle = seconds(30);
  limits.whole_request = seconds(10);
  limits.write = seconds(10);
  limits.connections = kConnections;
  return limits;
}

struct Page {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
};

// `good` when there is no reason against it.
Page page_of(std::string_view good, const std::vector<std::string>& reasons) {
  Page page;
  if (reasons.empty()) {
    page.body = std::string(good) + "\n";
    return page;
  }
  page.status = 503;
  for (const std::string& reason : reasons) page.body += reason + "\n";
  return page;
}

std::vector<RoleFacts> role_facts(const std::map<std::string, ipc::Observed>& answers) {
  std::vector<RoleFacts> facts;
  for (const std::string_view role : kAsked) {
    const auto at = answers.find(std::string(role));
    const bool answered = at != answers.end();
    facts.push_back({std::string(role), answered, answered ? at->second.problem : ""});
  }
  return facts;
}

Page metrics_page(const std::map<std::string, ipc::Observed>& answers, const codec::Metrics& own) {
  codec::Metrics all = own;
  for (const auto& [role, answer] : answers) {
    const auto document = codec::parse_json(answer.numbers);
    if (!document) continue;
    // A role that says something else than numbers is as one that says nothing.
    if (const auto numbers = codec::Metrics::from_json(*document)) all.merge(*numbers);
  }
  return {200, "text/plain; version=0.0.4; charset=utf-8", all.to_text()};
}

}  // namespace

StatusServer::StatusServer(net::Loop& loop, worker::Worker& worker, const ipc::Channel& supervisor,
                           UniqueFd listener)
    : loop_(loop),
      worker_(worker),
      supervisor_(supervisor),
      tried_(loop),
      server_(net::HttpServer::serve(
          loop, std::move(listener),
          [this](net::ServerRequest request, net::ServerExchange& exchange) {
            return answer(std::move(request), exchange);
          },
          limits())) {}

void StatusServer::take(ipc::Observed answer) {
  const auto at = open_.find(answer.ticket);
  if (at == open_.end()) return;
  const std::shared_ptr<Question> question = at->second;
  question->answers.insert_or_assign(answer.role, std::move(answer));
  question->changed.set();
}

net::Task<std::map<std::string, ipc::Observed>> StatusServer::ask(Ask what) {
  const auto question = std::make_shared<Question>(loop_);
  const ipc::Observe message{next_ticket_++, static_cast<std::uint8_t>(what == Ask::proof ? 1 : 0)};
  open_.emplace(message.ticket, question);
  const net::Patience patience{.deadline = loop_.now() + kPatience};
  // Nobody answers if this fails, which is told as such.
  (void)supervisor_.send(ipc::Observe::kType, message.encode());
  while (question->answers.size() < kAsked.size()) {
    question->changed.clear();
    if (!co_await question->changed.wait(patience)) break;
  }
  open_.erase(message.ticket);
  co_return std::move(question->answers);
}

// One at a time; who comes meanwhile waits for the same.
net::Task<void> StatusServer::try_box() {
  if (trying_) {
    (void)co_await tried_.wait({.deadline = loop_.now() + kBoxPatience});
    co_return;
  }
  trying_ = true;
  tried_.clear();
  const auto made = co_await worker_.prove_box({.deadline = loop_.now() + kBoxPatience});
  box_problem_ = made ? std::string() : made.error().message();
  trying_ = false;
  tried_.set();
}

net::Task<ReadinessFacts> StatusServer::find_out() {
  ReadinessFacts facts;
  facts.roles = role_facts(co_await ask(Ask::proof));
  facts.stopping = worker_.shutting_down();
  const auto look = [&] {
    facts.now = loop_.now();
    facts.last_box = worker_.last_box();
  };
  look();
  if (!facts.stopping && box_is_due(facts)) co_await try_box();
  look();
  facts.full = worker_.full();
  facts.last_poll = worker_.vitals().last_poll;
  facts.poll_problem = worker_.vitals().poll_problem;
  facts.box_problem = box_problem_;
  co_return facts;
}

net::Task<void> StatusServer::answer(net::ServerRequest request, net::ServerExchange& exchange) {
  Page page;
  if (request.method != "GET" && request.method != "HEAD") {
    page = {405, "text/plain", "GET or HEAD\n"};
  } else if (request.target == "/metrics") {
    page = metrics_page(co_await ask(Ask::numbers), worker_.vitals().numbers);
  } else if (request.target == "/healthz") {
    page = page_of("ok", why_not_alive(role_facts(co_await ask(Ask::numbers))));
  } else if (request.target == "/readyz") {
    page = page_of("ready", why_not_ready(co_await find_out()));
  } else {
    page = {404, "text/plain", "/metrics, /healthz or /readyz\n"};
  }
  (void)co_await exchange.respond(
      page.status, {{"content-type", page.type}, {"cache-control", "no-store"}}, page.body);
}

}  // namespace glovebox::roles
