// Clients of the control socket that are slow, silent, many, or say what they should not.
#include "roles/control_server.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <string>
#include <vector>

#include "fresh_folder.h"
#include "ipc/messages.h"
#include "os/file.h"
#include "os/identity.h"
#include "os/local_listener.h"
#include "os/process.h"

namespace glovebox::roles {
namespace {

const MayAsk kAnybody = [](const os::PeerFacts&) { return true; };

struct Fixture {
  Fixture() {
    auto opened = ControlServer::open(folder.folder("run"));
    REQUIRE(opened);
    server.emplace(std::move(*opened));
  }
  ipc::Channel connect() const {
    const auto at = os::open_path(folder.at("run"), O_PATH | O_DIRECTORY);
    auto socket = os::connect_local(at->get(), kControlName, os::LocalKind::message);
    REQUIRE(socket);
    return ipc::Channel(std::move(*socket));
  }
  static void ask(const ipc::Channel& channel) {
    const ipc::ControlRequest request{ipc::ControlAct::load, "/p", 1};
    REQUIRE(channel.send_now(ipc::ControlRequest::kType, request.encode()));
  }
  // Nothing more comes: the server has let go of it.
  static bool ended(const ipc::Channel& channel) {
    std::vector<os::Poll> polls = {{.fd = channel.fd()}};
    const auto ready = os::poll_fds(polls, milliseconds(0));
    if (!ready || !*ready) return false;
    const auto envelope = channel.receive_small(ipc::kInlineBody);
    return !envelope || !*envelope;
  }
  static std::string told(const ipc::Channel& channel) {
    const auto envelope = channel.receive_small(ipc::kInlineBody);
    REQUIRE(envelope);
    REQUIRE(*envelope);
    return ipc::ControlAnswer::decode((*envelope)->body)->problem;
  }

  FreshFolder folder;
  std::optional<ControlServer> server;
};

TEST_CASE("what is no request cuts the client off") {
  Fixture f;
  const std::string body = ipc::ControlRequest{}.encode();
  const struct {
    const char* name;
    std::uint16_t type;
    std::string body;
  } rows[] = {
      {"a message of another connection", ipc::Start::kType, "{}"},
      {"an answer", ipc::ControlAnswer::kType, ipc::ControlAnswer{}.encode()},
      {"a record", ipc::Append::kType, ipc::Append{1, "policy.load", "{}"}.encode()},
      {"half a request", ipc::ControlRequest::kType, body.substr(0, 3)},
      {"a request with more behind it", ipc::ControlRequest::kType, body + "x"},
      {"an unknown act", ipc::ControlRequest::kType, "\x09" + body.substr(1)},
      {"a path of 5,000 bytes", ipc::ControlRequest::kType,
       ipc::ControlRequest{ipc::ControlAct::load, std::string(5000, '/'), 0}.encode()},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const ipc::Channel client = f.connect();
      REQUIRE(client.send_now(row.type, row.body));
      CHECK(f.server->attend(kAnybody).empty());
      CHECK(f.ended(client));
    }
  }
  SECTION("bytes that are no message") {
    const ipc::Channel client = f.connect();
    REQUIRE(::send(client.fd(), "x", 1, 0) == 1);
    CHECK(f.server->attend(kAnybody).empty());
    CHECK(f.ended(client));
  }
  SECTION("a descriptor") {
    const ipc::Channel client = f.connect();
    REQUIRE(client.send(ipc::ControlRequest::kType, body, {0}));
    CHECK(f.server->attend(kAnybody).empty());
    CHECK(f.ended(client));
  }
  SECTION("a memory file") {
    const ipc::Channel client = f.connect();
    REQUIRE(client.send(ipc::ControlRequest::kType, std::string(ipc::kInlineBody + 1, 'x')));
    CHECK(f.server->attend(kAnybody).empty());
    CHECK(f.ended(client));
  }
}

TEST_CASE("who may not ask is told so and is not listened to") {
  Fixture f;
  const ipc::Channel client = f.connect();
  f.ask(client);
  os::PeerFacts seen;
  const auto asked = f.server->attend([&](const os::PeerFacts& who) {
    seen = who;
    return false;
  });
  CHECK(asked.empty());
  CHECK(seen.uid == os::effective_uid());
  CHECK(seen.pid == os::own_pid());
  CHECK(f.told(client).contains("only root"));
  CHECK(f.ended(client));
}

TEST_CASE("the name is its owner's alone, and nobody takes it from who serves") {
  Fixture f;
  struct stat facts{};
  REQUIRE(::stat(f.folder.at("run/control").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07777) == 0600);
  CHECK(ControlServer::open(f.folder.at("run")).error().kind() == ErrorKind::exists);
  f.server.reset();
  CHECK(::stat(f.folder.at("run/control").c_str(), &facts) != 0);
}

TEST_CASE("silent clients give their place to those who come") {
  Fixture f;
  std::vector<ipc::Channel> silent;
  for (std::size_t i = 0; i < kMaxControlClients; ++i) silent.push_back(f.connect());
  CHECK(f.server->attend(kAnybody).empty());
  const ipc::Channel client = f.connect();
  f.ask(client);
  const auto asked = f.server->attend(kAnybody);
  REQUIRE(asked.size() == 1);
  CHECK(f.ended(silent.front()));
  CHECK_FALSE(f.ended(silent.back()));
  f.server->answer(asked.front().client, {"no", "{}"});
  CHECK(f.told(client) == "no");
  CHECK(f.ended(client));
}

TEST_CASE("those who wait for an answer keep their place, and one too many is told") {
  Fixture f;
  std::vector<ipc::Channel> waiting;
  for (std::size_t i = 0; i < kMaxControlClients; ++i) {
    waiting.push_back(f.connect());
    f.ask(waiting.back());
  }
  CHECK(f.server->attend(kAnybody).size() == kMaxControlClients);
  CHECK(f.server->fds().size() == 1);  // the listener: nothing else can keep the loop awake
  const ipc::Channel late = f.connect();
  f.ask(late);
  CHECK(f.server->attend(kAnybody).empty());
  CHECK(f.told(late).contains("too many"));
  for (const ipc::Channel& client : waiting) CHECK_FALSE(f.ended(client));
}

TEST_CASE("a client is asked once, and one that dies or does not read keeps nobody") {
  Fixture f;
  ipc::Channel flooding = f.connect();
  f.ask(flooding);
  f.ask(flooding);
  auto asked = f.server->attend(kAnybody);
  REQUIRE(asked.size() == 1);
  CHECK(asked.front().request.subject == "/p");
  CHECK(asked.front().request.also_revoked == 1);
  CHECK(f.server->attend(kAnybody).empty());
  flooding.close();
  f.server->answer(asked.front().client, {"", "{}"});
  f.server->answer(asked.front().client, {"", "{}"});
  f.server->answer(12345, {"", "{}"});
  {
    const ipc::Channel dying = f.connect();
    CHECK(f.server->attend(kAnybody).empty());
  }
  CHECK(f.server->attend(kAnybody).empty());
  CHECK(f.server->fds().size() == 1);
}

}  // namespace
}  // namespace glovebox::roles
