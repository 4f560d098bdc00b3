// The modes that see no requests: `raw`, and `sni`, which reads the name that TLS asks for.
#include <format>
#include <utility>

#include "codec/client_hello.h"
#include "egress/flow.h"
#include "net/dial.h"
#include "os/inet.h"

namespace glovebox::egress {

std::string_view word_of(policy::EgressMode mode) {
  switch (mode) {
    case policy::EgressMode::http:
      return "http";
    case policy::EgressMode::inspect:
      return "inspect";
    case policy::EgressMode::sni:
      return "sni";
    case policy::EgressMode::raw:
      break;
  }
  return "raw";
}

namespace {

constexpr std::size_t kReadAtOnce = 4096;

codec::TlsAlert alert_for(codec::HelloFault fault) {
  using Fault = codec::HelloFault;
  switch (fault) {
    case Fault::empty_name:
    case Fault::second_name:
    case Fault::bad_name:
      return codec::TlsAlert::unrecognized_name;
    case Fault::version:
    case Fault::inner_hello:
      return codec::TlsAlert::handshake_failure;
    default:
      return codec::TlsAlert::decode_error;
  }
}

// Who does not read it does not want to know.
void send_alert(int inside, codec::TlsAlert alert) {
  if (os::send_some(inside, codec::fatal_alert(alert))) os::close_in_order(inside);
}

}  // namespace

Opened Network::opened_to(const Target& target) const {
  Opened opened;
  opened.host = codec::to_string(target.where.host);
  opened.port = target.where.port;
  opened.mode = word_of(target.rule->mode);
  opened.rule = policy::to_string(target.rule->origin);
  opened.via = host_.upstream.via(*target.rule, target.where);
  return opened;
}

Refused Network::refused_to(const Target& target, std::string why) const {
  Refused refused;
  refused.asked = codec::to_string(target.where.host);
  refused.port = target.where.port;
  refused.mode = word_of(target.rule->mode);
  refused.rule = policy::to_string(target.rule->origin);
  refused.why = std::move(why);
  return refused;
}

void Network::refuse(const Target& target, std::string why) {
  refuse(refused_to(target, std::move(why)));
}

// On record before anything leaves, where the policy wants that.
net::Task<Result<void>> Network::note_beginning(const Flow& flow, net::Patience patience) {
  if (!rules_->is_durable()) co_return Result<void>();
  record(flow.so_far(Opened::At::beginning));
  co_return co_await host_.journal.settled(host_.journal.last(),
                                           patience.no_later_than(host_.loop.now() + kRecordTime));
}

net::Task<Result<Reached>> Network::reach(const Target& target, Flow& flow,
                                          net::Patience patience) {
  CO_TRY(co_await note_beginning(flow, patience));
  auto reached = co_await host_.upstream.reach(*target.rule, target.where, patience);
  if (reached)
    flow.opened.address = reached->address;
  else if (reached.error().kind() == ErrorKind::denied)
    refuse(target, reached.error().message());
  co_return reached;
}

// What was said already goes first, either way: `first` by the box.
net::Task<void> Network::carry(Flow& flow, int inside, Reached reached, std::string first,
                               net::Patience patience) {
  const RelayLimits limits{.idle = kIdleTime, .up = kMostBytes, .down = kMostBytes};
  const auto so_long = patience.no_later_than(host_.loop.now() + kIdleTime);
  const net::StreamPtr box = net::make_borrowed_stream(host_.loop, inside);
  const bool is_socket = reached.stream == nullptr;
  const int socket = reached.socket.get();
  if (is_socket) reached.stream = net::make_borrowed_stream(host_.loop, socket);
  if (!first.empty() && !co_await reached.stream->write(first, so_long))
    co_return flow.end("the other side took no ClientHello");
  flow.carried.up += first.size();
  if (!reached.ahead.empty() && !co_await box->write(reached.ahead, so_long))
    co_return flow.end("the box took nothing of what the other side said first");
  flow.carried.down += reached.ahead.size();
  first = reached.ahead = std::string();
  os::close_in_order(inside);
  const auto carried =
      is_socket
          ? co_await relay(host_.loop, host_.pipes, inside, socket, flow.carried, limits, patience)
          : co_await relay(host_.loop, *box, *reached.stream, flow.carried, limits, patience);
  if (!carried) os::reset_on_close(inside);
  // What its program left open when its call was over has not failed.
  const bool failed = !carried && carried.error().kind() != ErrorKind::cancelled;
  flow.end(failed ? carried.error().message() : std::string());
}

net::Task<void> Network::carry_raw(Target target, UniqueFd inside, net::Patience patience) {
  Flow flow(*this, opened_to(target));
  auto reached = co_await reach(target, flow, patience);
  if (!reached) co_return flow.fail(reached.error());
  co_await carry(flow, inside.get(), *std::move(reached), "", patience);
}

// What was read, up to and with the whole ClientHello.
net::Task<Result<std::string>> Network::read_hello(int inside, codec::ClientHelloReader& reader,
                                                   net::Patience patience) {
  std::string first;
  while (reader.state() == codec::ClientHelloReader::State::need_more) {
    std::array<char, kReadAtOnce> buffer;
    const auto got = CO_TRY(os::receive_some(inside, buffer.data(), buffer.size()));
    if (!got) {
      CO_TRY(co_await host_.loop.readable(inside, patience));
      continue;
    }
    if (*got == 0)
      co_return Error(ErrorKind::closed, "the connection ended before its ClientHello");
    first.append(buffer.data(), *got);
    (void)reader.push(std::string_view(buffer.data(), *got));
  }
  co_return std::move(first);
}

net::Task<void> Network::carry_named(Target target, UniqueFd inside, net::Patience patience) {
  codec::ClientHelloReader reader;
  auto first = co_await read_hello(inside.get(), reader,
                                   patience.no_later_than(host_.loop.now() + kHelloTime));
  if (!first) {
    if (first.error().kind() == ErrorKind::timeout) refuse(target, "no whole ClientHello in time");
    co_return;
  }
  if (reader.state() == codec::ClientHelloReader::State::bad) {
    const codec::HelloFault fault = reader.fault();
    refuse(target, std::format("mode sni: {}", codec::to_string(fault)));
    if (fault != codec::HelloFault::not_tls) send_alert(inside.get(), alert_for(fault));
    co_return;
  }
  const auto& name = reader.hello().sni;
  const auto* resolved = std::get_if<codec::HostName>(&target.where.host);
  if (!name || resolved == nullptr || *name != *resolved) {
    refuse(target, name ? std::format("TLS asks for {}, which is not the name that was resolved",
                                      name->str())
                        : std::string("TLS asks for no name"));
    co_return send_alert(inside.get(), codec::TlsAlert::unrecognized_name);
  }
  Flow flow(*this, opened_to(target));
  auto reached = co_await reach(target, flow, patience);
  if (!reached) {
    if (reached.error().kind() == ErrorKind::denied)
      send_alert(inside.get(), codec::TlsAlert::access_denied);
    co_return flow.fail(reached.error());
  }
  co_await carry(flow, inside.get(), *std::move(reached), *std::move(first), patience);
}

}  // namespace glovebox::egress
