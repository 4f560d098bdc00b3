#include "os/capture.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "os/file.h"
#include "os/identity.h"
#include "os/limits.h"
#include "os/process.h"

namespace glovebox::os {
namespace {

using Family = InetAddress::Family;

InetAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d, std::uint16_t port) {
  InetAddress at;
  at.bytes = {a, b, c, d};
  at.port = port;
  return at;
}
InetAddress v6(std::uint8_t first, std::uint8_t last, std::uint16_t port) {
  InetAddress at;
  at.family = Family::v6;
  at.bytes[0] = first;
  at.bytes[15] = last;
  at.port = port;
  return at;
}

Result<UniqueFd> accept_soon(int listener) {
  for (int tries = 0; tries < 10'000; ++tries) {
    auto got = TRY(accept_tcp(listener));
    if (got) return *std::move(got);
  }
  return Error(ErrorKind::timeout, "nobody came");
}

// What goes wrong is the answer; empty: nothing.
std::string connection_is_caught(const InetAddress& to, int listener) {
  const auto socket = start_connect(to);
  if (!socket) return "connect: " + socket.error().message();
  const auto inside = accept_soon(listener);
  if (!inside) return inside.error().message();
  const auto near = near_end(inside->get());
  if (!near) return near.error().message();
  if (near->family != to.family || near->port != to.port || near->bytes != to.bytes)
    return "it was meant for another address";
  return {};
}

std::string datagram_is_caught(const InetAddress& to, int socket) {
  const auto client = bind_on_every_address(0, to.family);
  if (!client) return client.error().message();
  if (auto sent = send_datagram(
          client->get(), to.family == Family::v4 ? v4(127, 0, 0, 1, 0) : v6(0, 1, 0), to, "ask");
      !sent)
    return "send: " + sent.error().message();
  const auto got = receive_datagram(socket, 512);
  if (!got || !*got) return "nothing came";
  if ((*got)->bytes != "ask" || (*got)->to.bytes != to.bytes) return "it was meant for another";
  if (auto sent = send_datagram(socket, (*got)->to, (*got)->from, "told"); !sent)
    return "answer: " + sent.error().message();
  const auto answer = receive_datagram(client->get(), 512);
  if (!answer || !*answer) return "no answer came";
  if ((*answer)->bytes != "told" || (*answer)->from.bytes != to.bytes)
    return "the answer is not from the address that was asked";
  return {};
}

std::string try_all() {
  if (auto up = bring_loopback_up(); !up) return "loopback: " + up.error().message();
  if (auto made = make_every_address_local(); !made) return "route: " + made.error().message();
  for (const InetAddress& own : {v4(198, 18, 0, 1, 0), v6(0xfd, 1, 0)})
    if (auto added = add_own_address(own); !added) return "address: " + added.error().message();
  if (add_own_address(v4(198, 18, 0, 1, 0))) return "an address was added twice";
  const auto listener = listen_on_every_address(443);
  if (!listener) return "listen: " + listener.error().message();
  if (listen_on_every_address(443)) return "a port was taken twice";
  const auto dns4 = bind_on_every_address(53, Family::v4);
  const auto dns6 = bind_on_every_address(53, Family::v6);
  if (!dns4 || !dns6) return "datagrams: no socket";
  for (const InetAddress& to :
       {v4(93, 184, 216, 34, 443), v4(198, 18, 0, 2, 443), v4(10, 0, 0, 1, 443),
        v4(127, 0, 0, 1, 443), v6(0x20, 1, 443), v6(0xfd, 9, 443), v6(0, 1, 443)})
    if (const auto problem = connection_is_caught(to, listener->get()); !problem.empty())
      return problem;
  for (const InetAddress& to : {v4(8, 8, 8, 8, 53), v4(10, 0, 0, 1, 53), v4(127, 0, 0, 53, 53)})
    if (const auto problem = datagram_is_caught(to, dns4->get()); !problem.empty()) return problem;
  for (const InetAddress& to : {v6(0x20, 1, 53), v6(0xfd, 9, 53)})
    if (const auto problem = datagram_is_caught(to, dns6->get()); !problem.empty()) return problem;
  if (!has_address(v4(127, 0, 0, 1, 0))) return "loopback is not its own";
  return {};
}

TEST_CASE(
    "in a namespace whose every address is local, everything is caught and knows its address") {
  auto report = make_pipe().value();
  auto process = fork_into(Namespace::user | Namespace::network, [&] {
    const std::string problem = try_all();
    (void)write_all(report.writer.get(), problem.empty() ? "fine" : problem);
    return 0;
  });
  REQUIRE(process);
  report.writer.reset();
  CHECK(read_all(report.reader.get(), 4096).value() == "fine");
  (void)process->reap(Process::Wait::yes);
}

TEST_CASE("an address of nobody here is not the host's own") {
  CHECK(has_address(v4(127, 0, 0, 1, 0)));
  CHECK_FALSE(has_address(v4(203, 0, 113, 254, 0)));
}

}  // namespace
}  // namespace glovebox::os
