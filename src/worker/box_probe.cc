#include "worker/box_probe.h"

#include <utility>

#include "ipc/messages.h"

namespace glovebox::worker {

namespace {

net::Task<Result<void>> run_call(BoxerLink& boxer, const BoxProbe& probe, net::Patience patience) {
  ipc::OpenSession open;
  open.session = probe.session;
  open.environment = probe.environment;
  open.work = probe.work;
  CO_TRY(co_await boxer.open(std::move(open), patience));
  ipc::Call call;
  call.session = probe.session;
  call.tool_use = probe.call;
  call.tool = "bash";
  call.input = R"({"command":"touch .glovebox-probe && rm .glovebox-probe"})";
  const auto done = CO_TRY(co_await boxer.call(std::move(call), patience));
  boxer.settled(probe.session, probe.call);
  if (done.is_error == 0) co_return Result<void>();
  co_return Error(done.outcome == "denied" ? ErrorKind::denied : ErrorKind::unsupported,
                  "the probe in a box: " + done.outcome + " " + done.detail);
}

}  // namespace

net::Task<Result<void>> probe_box(net::Loop& loop, BoxerLink& boxer, BoxProbe probe,
                                  net::Patience patience) {
  auto ran = co_await run_call(boxer, probe, patience);
  (void)co_await boxer.close(probe.session, ran ? "probe passed" : ran.error().message(),
                             {.deadline = loop.now() + probe.teardown});
  co_return ran;
}

}  // namespace glovebox::worker
