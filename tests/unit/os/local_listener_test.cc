#include "os/local_listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "os/file.h"
#include "os/inet.h"
#include "os/socket.h"

using namespace glovebox;

namespace {

struct Folder {
  Folder() {
    std::string made = "/tmp/glovebox-listener-XXXXXX";
    REQUIRE(::mkdtemp(made.data()) != nullptr);
    path = made;
    fd = *os::open_path(made, O_RDONLY | O_DIRECTORY);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  UniqueFd connect(const char* name) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, (path / name).c_str(), sizeof address.sun_path - 1);
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      return {};
    return socket;
  }
  std::filesystem::path path;
  UniqueFd fd;
};

}  // namespace

TEST_CASE("a name that somebody has is not taken away") {
  const Folder folder;
  std::ofstream(folder.path / "file") << "x";
  CHECK(os::listen_local(folder.fd.get(), "file").error().kind() == ErrorKind::exists);
  const auto first = os::listen_local(folder.fd.get(), "socket");
  REQUIRE(first);
  CHECK(os::listen_local(folder.fd.get(), "socket").error().kind() == ErrorKind::exists);
  for (const char* name : {"", "a/b", "../socket"}) {
    CAPTURE(name);
    CHECK_FALSE(os::listen_local(folder.fd.get(), name));
  }
}

TEST_CASE("a socket is its owner's alone, takes connections, and is replaced when it was left") {
  const Folder folder;
  for (int round = 0; round < 2; ++round) {
    CAPTURE(round);
    const auto listener = os::listen_local(folder.fd.get(), "socket");
    REQUIRE(listener);
    struct stat facts{};
    REQUIRE(::stat((folder.path / "socket").c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777) == 0600);
    CHECK_FALSE(os::accept_tcp(listener->get()).value());
    const UniqueFd client = folder.connect("socket");
    REQUIRE(client.valid());
    const auto taken = os::accept_tcp(listener->get());
    REQUIRE(taken);
    CHECK(taken->has_value());
  }
}

TEST_CASE("a connection that cannot be made says why") {
  const Folder folder;
  using enum os::LocalKind;
  const auto kind_of = [&](const char* name, os::LocalKind kind) {
    return os::connect_local(folder.fd.get(), name, kind).error().kind();
  };
  CHECK(kind_of("none", message) == ErrorKind::not_found);
  CHECK(kind_of("a/b", message) == ErrorKind::invalid);
  std::ofstream(folder.path / "file") << "x";
  CHECK(kind_of("file", message) == ErrorKind::closed);
  {
    const auto listener = os::listen_local(folder.fd.get(), "socket", message);
    REQUIRE(listener);
    CHECK_FALSE(os::connect_local(folder.fd.get(), "socket", stream));
  }
  CHECK(kind_of("socket", message) == ErrorKind::closed);  // left over
  CHECK(os::listen_local(folder.fd.get(), "socket", message));
}

TEST_CASE("messages over a named socket keep their bounds") {
  const Folder folder;
  const auto listener = os::listen_local(folder.fd.get(), "socket", os::LocalKind::message);
  REQUIRE(listener);
  const auto client = os::connect_local(folder.fd.get(), "socket", os::LocalKind::message);
  REQUIRE(client);
  const auto taken = os::accept_tcp(listener->get());
  REQUIRE(taken);
  REQUIRE(*taken);
  REQUIRE(os::send_packet(client->get(), "one", {}, milliseconds(0)));
  REQUIRE(os::send_packet(client->get(), "two", {}, milliseconds(0)));
  CHECK((*os::receive_packet((*taken)->get(), 16))->bytes == "one");
  CHECK((*os::receive_packet((*taken)->get(), 16))->bytes == "two");
  CHECK(os::receive_packet((*taken)->get(), 16).error().kind() == ErrorKind::timeout);
  CHECK(os::listen_local(folder.fd.get(), "socket", os::LocalKind::message).error().kind() ==
        ErrorKind::exists);
}
