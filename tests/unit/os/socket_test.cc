#include "os/socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <string>

#include "os/file.h"
#include "support.h"

using namespace glovebox;
using namespace glovebox::os;
using namespace glovebox::os::test;

namespace {

struct Fixture {
  SocketPair pair = make_message_pair().value();
  int here = pair.first.get();
  int there = pair.second.get();
};

std::size_t open_descriptors() {
  return list_folder(open_path("/proc/self/fd", 0200000 /* O_DIRECTORY */).value().get(), 10'000)
      .value()
      .size();
}

}  // namespace

TEST_CASE_METHOD(Fixture,
                 "a packet that is too long or brings too much is refused, and leaks nothing") {
  const std::size_t before = open_descriptors();
  REQUIRE(send_packet(here, std::string(101, 'x'), {here, there}, milliseconds(1000)));
  CHECK(receive_packet(there, 100).error().kind() == ErrorKind::protocol);
  CHECK(open_descriptors() == before);
  CHECK_FALSE(
      send_packet(here, "x", std::vector<int>(kMaxPacketFds + 1, here), milliseconds(1000)));

  // More descriptors than our own sender lets through.
  constexpr std::size_t kMany = kMaxPacketFds + 4;
  char byte = 'x';
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMany)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int) * kMany);
  const std::vector<int> numbers(kMany, here);
  std::memcpy(CMSG_DATA(header), numbers.data(), sizeof(int) * kMany);
  REQUIRE(::sendmsg(here, &message, 0) == 1);
  CHECK(receive_packet(there, 100).error().kind() == ErrorKind::protocol);
  CHECK(open_descriptors() == before);
}

TEST_CASE_METHOD(Fixture, "packets keep their bounds, their order and their descriptors") {
  const Pipe pipe = make_pipe().value();
  REQUIRE(send_packet(here, "one", {}, milliseconds(1000)));
  REQUIRE(send_packet(here, "two", {pipe.writer.get()}, milliseconds(1000)));
  CHECK(receive_packet(there, 100).value()->bytes == "one");
  const auto second = receive_packet(there, 100).value();
  CHECK(second->bytes == "two");
  REQUIRE(second->fds.size() == 1);
  CHECK(write_all(second->fds[0].get(), "x"));
}

TEST_CASE_METHOD(Fixture, "a peer that does not read does not hold the sender for ever") {
  const std::string packet(10'000, 'x');
  Result<void> sent;
  for (int i = 0; i < 10'000 && sent; ++i) sent = send_packet(here, packet, {}, milliseconds(10));
  REQUIRE_FALSE(sent);
  CHECK(sent.error().kind() == ErrorKind::timeout);
}

TEST_CASE_METHOD(Fixture, "nothing to read, and a peer that is gone") {
  REQUIRE(set_blocking(there, false));
  CHECK(receive_packet(there, 100).error().kind() == ErrorKind::timeout);
  pair.first.reset();
  CHECK_FALSE(receive_packet(there, 100).value());
  CHECK(send_packet(there, "x", {}, milliseconds(10)).error().kind() == ErrorKind::closed);
}

TEST_CASE_METHOD(Fixture, "who is at the other end") {
  CHECK(peer_of(here)->uid == ::geteuid());
  CHECK(peer_of(here)->pid == ::getpid());
  const Pipe pipe = make_pipe().value();
  CHECK_FALSE(peer_of(pipe.reader.get()));
}
