#include "cli/service_manager.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <cstring>
#include <string>

#include "base/clock.h"

using namespace glovebox;
using namespace glovebox::cli;

namespace {

class StillClock final : public Clock {
 public:
  WallTime wall() const override { return {}; }
  Duration boot() const override { return now; }
  Duration monotonic() const override { return now; }
  Duration now = seconds(1000);
};

// A manager at an abstract name of this process.
class Manager {
 public:
  Manager() {
    const std::string name = "glovebox-manager-" + std::to_string(::getpid());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    socket_ = UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())) == 0);
    ::setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
  }
  std::string hear() const {
    char bytes[256];
    const ssize_t size = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    return size < 0 ? std::string("nothing") : std::string(bytes, static_cast<std::size_t>(size));
  }

 private:
  UniqueFd socket_;
};

}  // namespace

TEST_CASE("without a manager nothing is said and nothing beats") {
  const StillClock clock;
  for (const char* address : {"", "/nowhere/notify", "relative"}) {
    CAPTURE(address);
    ::setenv("NOTIFY_SOCKET", address, 1);
    ::setenv("WATCHDOG_USEC", "1000000", 1);
    ServiceManager manager(clock);
    manager.ready("serving");
    CHECK_FALSE(manager.watchdog());
    CHECK(::getenv("NOTIFY_SOCKET") == nullptr);
    CHECK(::getenv("WATCHDOG_USEC") == nullptr);
  }
}

TEST_CASE("the manager is told the state, and the watchdog beats at half its time") {
  StillClock clock;
  const Manager manager;
  ::setenv("WATCHDOG_USEC", "2000000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  ServiceManager ours(clock);
  ours.ready("serving");
  CHECK(manager.hear() == "READY=1\nSTATUS=serving");
  ours.reloading();
  CHECK(manager.hear() == "RELOADING=1\nMONOTONIC_USEC=1000000000\nSTATUS=reading its files again");
  ours.stopping("draining");
  CHECK(manager.hear() == "STOPPING=1\nSTATUS=draining");
  ours.status("x");
  CHECK(manager.hear() == "STATUS=x");

  CHECK(ours.watchdog() == seconds(1));
  CHECK(manager.hear() == "WATCHDOG=1");
  clock.now += milliseconds(400);
  CHECK(ours.watchdog() == Duration(milliseconds(600)));
  CHECK(manager.hear() == "nothing");
  clock.now += milliseconds(600);
  CHECK(ours.watchdog() == seconds(1));
  CHECK(manager.hear() == "WATCHDOG=1");
}

TEST_CASE("a watchdog that waits for another process, or for no time, is not ours") {
  const StillClock clock;
  const struct {
    const char *time, *pid;
  } rows[] = {{"1000000", "1"}, {"0", ""}, {"-5", ""}, {"soon", ""}, {"", ""}};
  for (const auto& row : rows) {
    CAPTURE(row.time, row.pid);
    const Manager manager;
    ::setenv("WATCHDOG_USEC", row.time, 1);
    ::setenv("WATCHDOG_PID", row.pid, 1);
    ServiceManager ours(clock);
    CHECK_FALSE(ours.watchdog());
  }
}
