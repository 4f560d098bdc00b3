// Metrics and health over HTTP, served by the worker's process: it has the event loop, and the
// supervisor is not to read what comes from outside.
//
//   GET /metrics   what every role counted (codec/metrics.h)
//   GET /healthz   200 when every role answers
//   GET /readyz    200 when polls are accepted, a box can be made and a record reaches the disk;
//                  else 503 with the reasons, one a line
//
// Roles are asked through the supervisor, at each request: nothing is sent while nobody asks. The
// socket is made by the supervisor, where the operator said; whoever can reach it may ask.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "net/event.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "net/task.h"
#include "roles/readiness.h"
#include "worker/worker.h"

namespace glovebox::roles {

class StatusServer {
 public:
  // Everything referred to outlives the server's tasks.
  StatusServer(net::Loop& loop, worker::Worker& worker, const ipc::Channel& supervisor,
               UniqueFd listener);
  // What a role said; one that nobody waits for any more is dropped.
  void take(ipc::Observed answer);
  void stop() { server_->stop(); }

 private:
  struct Question {
    explicit Question(net::Loop& loop) : changed(loop) {}
    std::map<std::string, ipc::Observed> answers;  // by role
    net::Event changed;
  };
  enum class Ask : std::uint8_t { numbers, proof };

  net::Task<void> answer(net::ServerRequest request, net::ServerExchange& exchange);
  net::Task<std::map<std::string, ipc::Observed>> ask(Ask what);
  net::Task<ReadinessFacts> find_out();
  net::Task<void> try_box();

  net::Loop& loop_;
  worker::Worker& worker_;
  const ipc::Channel& supervisor_;
  std::map<std::uint64_t, std::shared_ptr<Question>> open_;
  std::uint64_t next_ticket_ = 1;
  bool trying_ = false;
  net::Event tried_;
  std::string box_problem_;  // of the latest try
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace glovebox::roles
