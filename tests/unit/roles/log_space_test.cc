#include "roles/log_space.h"

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <thread>
#include <utility>

#include "base/error.h"
#include "ipc/messages.h"
#include "os/file.h"
#include "roles/role_start.h"

using namespace glovebox;
using namespace glovebox::roles;

namespace {
const TakeUpdate kNoUpdate = [](SupervisorEvent&&) { FAIL("an update"); };
constexpr SpacePatience kShort{.look = milliseconds(1), .least_looks = 3};
}  // namespace

TEST_CASE("what a full disk says") {
  CHECK(os::is_out_of_space(Error::from_errno(ENOSPC, "write").with_context("log")));
  CHECK(os::is_out_of_space(Error::from_errno(EDQUOT, "write")));
  CHECK_FALSE(os::is_out_of_space(Error::from_errno(EIO, "write")));
  CHECK_FALSE(os::is_out_of_space(Error(ErrorKind::limit, "ENOSPC")));
}

TEST_CASE("space is waited for, and at least for a while") {
  auto pair = *ipc::make_channel_pair();
  int asked = 0;
  SECTION("there is some at once") {
    wait_for_space(pair.first, [&] { return ++asked > 0; }, kNoUpdate, kShort);
    CHECK(asked == 1);
  }
  SECTION("there is some later") {
    wait_for_space(pair.first, [&] { return ++asked > 5; }, kNoUpdate, kShort);
    CHECK(asked == 6);
  }
}

TEST_CASE("whoever waits for space obeys the supervisor") {
  auto pair = *ipc::make_channel_pair();
  const auto wait = [&] { wait_for_space(pair.first, [] { return false; }, kNoUpdate, kShort); };
  SECTION("stop") {
    REQUIRE(pair.second.send(ipc::Stop::kType, {}));
    wait();
  }
  SECTION("it is gone") {
    pair.second.close();
    wait();
  }
  SECTION("a peer is turned away") {
    auto peer = *ipc::make_channel_pair();
    REQUIRE(send_peer(pair.second, "boxer", peer.second.fd()));
    peer.second.close();
    REQUIRE(pair.second.send(ipc::Stop::kType, {}));
    wait();
    const auto end = peer.first.receive();
    REQUIRE(end);
    CHECK_FALSE(*end);
  }
}
