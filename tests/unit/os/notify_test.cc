#include "os/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

using namespace glovebox;

namespace {

// What a service manager has.
UniqueFd listen_at(std::string_view address) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, address.data(), address.size());
  const bool abstract = address.starts_with('@');
  if (abstract) name.sun_path[0] = '\0';
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size() +
                                        (abstract ? 0 : 1))) == 0);
  return socket;
}

}  // namespace

TEST_CASE("an address that no manager has is refused") {
  for (const std::string& address :
       {std::string(), std::string("/"), std::string("@"), std::string("run/notify"),
        std::string("vsock:2:1234"), "/" + std::string(120, 'x'), std::string("/nowhere/notify")}) {
    CAPTURE(address);
    CHECK_FALSE(os::connect_notify(address));
  }
}

TEST_CASE("a message arrives as one datagram, by path and by abstract name") {
  const std::string tail = "glovebox-notify-test-" + std::to_string(::getpid());
  for (const std::string& address : {"/tmp/" + tail, "@" + tail}) {
    CAPTURE(address);
    const UniqueFd manager = listen_at(address);
    const auto socket = os::connect_notify(address);
    REQUIRE(socket);
    REQUIRE(os::send_notify(socket->get(), "READY=1\nSTATUS=serving"));
    char bytes[64];
    const ssize_t size = ::recv(manager.get(), bytes, sizeof bytes, 0);
    REQUIRE(size > 0);
    CHECK(std::string_view(bytes, static_cast<std::size_t>(size)) == "READY=1\nSTATUS=serving");
    ::unlink(address.c_str());
  }
}
