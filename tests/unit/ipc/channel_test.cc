#include "ipc/channel.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "ipc/wire.h"
#include "os/file.h"
#include "os/memfd.h"
#include "os/socket.h"

using namespace glovebox;
using namespace glovebox::ipc;

namespace {

struct Fixture {
  ChannelPair pair = make_channel_pair().value();
  const Channel& here = pair.first;
  const Channel& there = pair.second;

  // A packet that no Channel would send.
  void send_raw(std::string_view bytes, const std::vector<int>& fds = {}) const {
    REQUIRE(os::send_packet(here.fd(), bytes, fds, milliseconds(1000)));
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a packet that no channel would send breaks the form") {
  const UniqueFd plain = os::make_memfd("plain").value();
  REQUIRE(os::write_all(plain.get(), "bytes"));
  const UniqueFd sealed = os::sealed_memfd("sealed", "bytes").value();
  const os::Pipe pipe = os::make_pipe().value();
  SECTION("one byte") {
    send_raw("x");
  }
  SECTION("no kind of carrying") {
    send_raw("xx");
  }
  SECTION("an unknown kind of carrying") {
    send_raw("xx\x02");
  }
  SECTION("a memory file that is missing") {
    send_raw("xx\x01");
  }
  SECTION("a memory file and a body") {
    send_raw("xx\x01x", {sealed.get()});
  }
  SECTION("a memory file that could change") {
    send_raw("xx\x01", {plain.get()});
  }
  SECTION("no memory file") {
    send_raw("xx\x01", {pipe.reader.get()});
  }
  SECTION("longer than a packet may be") {
    send_raw(std::string(kInlineBody + 4, 'x'));
  }
  const auto received = there.receive();
  REQUIRE_FALSE(received);
  CHECK(received.error().kind() == ErrorKind::protocol);
}

TEST_CASE_METHOD(Fixture, "bodies of every size arrive whole and in order") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kInlineBody - 1, kInlineBody,
                                 kInlineBody + 1, std::size_t{1} << 20}) {
    std::string body(size, 'x');
    for (std::size_t i = 0; i < size; i += 7) body[i] = static_cast<char>(i);
    REQUIRE(here.send(0x1234, body));
    REQUIRE(here.send(1, "next"));
    const auto first = there.receive().value();
    REQUIRE(first);
    CHECK(first->type == 0x1234);
    CHECK(first->body == body);
    CHECK(first->fds.empty());
    CHECK(there.receive().value()->body == "next");
  }
}

TEST_CASE_METHOD(Fixture, "descriptors arrive beside the body, small and large") {
  for (const std::size_t size : {std::size_t{5}, kInlineBody + 1}) {
    os::Pipe pipe = os::make_pipe().value();
    REQUIRE(here.send(1, std::string(size, 'x'), {pipe.reader.get(), pipe.writer.get()}));
    const auto got = there.receive().value();
    REQUIRE(got);
    REQUIRE(got->fds.size() == 2);
    REQUIRE(os::write_all(got->fds[1].get(), "through"));
    char bytes[16];
    CHECK(os::read_some(pipe.reader.get(), bytes, sizeof bytes).value() == 7);
  }
}

TEST_CASE_METHOD(Fixture, "too much is refused before it is sent") {
  CHECK(here.send(1, std::string(kMaxBlob + kMaxText + 1, 'x')).error().kind() == ErrorKind::limit);
  const os::Pipe pipe = os::make_pipe().value();
  CHECK_FALSE(here.send(1, "x", std::vector<int>(os::kMaxPacketFds + 1, pipe.reader.get())));
}

TEST_CASE_METHOD(Fixture, "a peer that is gone") {
  REQUIRE(pair.second.open());
  REQUIRE(here.send(1, "before"));
  pair.first.close();
  CHECK_FALSE(pair.first.open());
  CHECK(pair.first.send(1, "x").error().kind() == ErrorKind::closed);
  CHECK(there.receive().value()->body == "before");
  CHECK_FALSE(there.receive().value());
  CHECK(there.send(1, "x").error().kind() == ErrorKind::closed);
}

TEST_CASE_METHOD(Fixture, "a peer that is none of ours sends small messages or is cut off") {
  constexpr std::size_t kLimit = 100;
  REQUIRE(os::set_blocking(there.fd(), false));
  const auto refused = [&] { return there.receive_small(kLimit).error().kind(); };
  CHECK(refused() == ErrorKind::timeout);
  REQUIRE(here.send(1, std::string(kLimit + 1, 'x')));
  CHECK(refused() == ErrorKind::protocol);
  REQUIRE(here.send(1, std::string(kInlineBody + 1, 'x')));  // in a memory file
  CHECK(refused() == ErrorKind::protocol);
  REQUIRE(here.send(1, "x", {here.fd()}));
  CHECK(refused() == ErrorKind::protocol);
  REQUIRE(here.send_now(7, std::string(kLimit, 'x')));
  const auto got = there.receive_small(kLimit);
  REQUIRE(got);
  REQUIRE(*got);
  CHECK((*got)->type == 7);
  CHECK((*got)->body == std::string(kLimit, 'x'));
  pair.first.close();
  CHECK_FALSE(there.receive_small(kLimit).value());
}

TEST_CASE_METHOD(Fixture, "what a peer does not read is not waited for") {
  CHECK(here.send_now(1, std::string(kInlineBody + 1, 'x')).error().kind() == ErrorKind::limit);
  Result<void> sent;
  for (int i = 0; i < 1000 && sent; ++i) sent = here.send_now(1, std::string(kInlineBody, 'x'));
  REQUIRE_FALSE(sent);
  CHECK(sent.error().kind() == ErrorKind::timeout);
}
