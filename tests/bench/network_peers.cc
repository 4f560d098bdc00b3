// Both ends of the connections that `make bench` measures, and a relay without any policy to
// measure egress against. A program of its own, so that it runs in a box as well.
//
//   network_peers serve ADDRESS ECHO_PORT SOURCE_PORT     one byte comes back; bytes without end
//   network_peers relay ADDRESS PORT TO_PORT splice|copy  forwards to ADDRESS TO_PORT
//   network_peers latency NAME PORT COUNT                 us p50 and p99 from connect to the byte
//   network_peers pull NAME PORT BYTES                    bytes a second
//   network_peers hold NAME PORT COUNT FILE               connections, until standard input ends;
//                                                         each says FILE once and hears it back
//
// Whoever serves dies with who started it; whoever asks gives up after kPatience.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t kChunk = 1 << 16;
constexpr int kBacklog = 4096;
constexpr timeval kPatience = {20, 0};  // for one connection, and for one answer

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

void give_up_in_time(int socket_fd) {
  setsockopt(socket_fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  setsockopt(socket_fd, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
}

sockaddr_in at(const std::string& address, int port) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(static_cast<std::uint16_t>(port));
  if (inet_pton(AF_INET, address.c_str(), &where.sin_addr) != 1) fail(address.c_str());
  return where;
}

// A name server is asked once, over UDP, as a resolver does; an address stands for itself.
std::string resolve(const std::string& name) {
  in_addr ignored{};
  if (inet_pton(AF_INET, name.c_str(), &ignored) == 1) return name;
  std::ifstream file("/etc/resolv.conf");
  std::string word, server;
  while (file >> word)
    if (word == "nameserver" && file >> server) break;
  const int dns = socket(AF_INET, SOCK_DGRAM, 0);
  give_up_in_time(dns);
  const sockaddr_in to = at(server, 53);
  std::string query("\0\1\1\0\0\1\0\0\0\0\0\0", 12);
  for (std::string_view rest = name; !rest.empty();) {
    const auto label = rest.substr(0, rest.find('.'));
    query += static_cast<char>(label.size());
    query += label;
    rest.remove_prefix(std::min(label.size() + 1, rest.size()));
  }
  query += std::string("\0\0\1\0\1", 5);
  if (sendto(dns, query.data(), query.size(), 0, reinterpret_cast<const sockaddr*>(&to),
             sizeof to) < 0)
    fail("sendto");
  std::array<char, 512> answer{};
  const ssize_t size = recv(dns, answer.data(), answer.size(), 0);
  close(dns);
  if (size < 16) fail("recv");
  std::array<char, INET_ADDRSTRLEN> text{};
  inet_ntop(AF_INET, answer.data() + size - 4, text.data(), text.size());
  return text.data();
}

void join(int socket_fd, const sockaddr_in& where) {
  const int on = 1;
  setsockopt(socket_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(socket_fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0)
    fail("connect");
}

int ask(const sockaddr_in& where) {
  const int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
  give_up_in_time(socket_fd);
  join(socket_fd, where);
  return socket_fd;
}

int listen_at(const std::string& address, int port) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in where = at(address, port);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0 ||
      listen(listener, kBacklog) != 0)
    fail("listen");
  return listener;
}

template <class Serve>
void accept_all(int listener, const Serve& serve) {
  for (;;) {
    const int peer = accept(listener, nullptr, nullptr);
    if (peer < 0) fail("accept");
    const int on = 1;
    setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    serve(peer);
  }
}

// One thread for all that answer bytes: as cheap as a peer can be.
void serve_echo(int listener) {
  std::vector<pollfd> fds = {{listener, POLLIN, 0}};
  std::array<char, kChunk> buffer{};
  for (;;) {
    if (poll(fds.data(), fds.size(), -1) < 0) fail("poll");
    for (std::size_t i = fds.size(); i-- > 1;) {
      if (fds[i].revents == 0) continue;
      const ssize_t got = read(fds[i].fd, buffer.data(), buffer.size());
      if (got > 0 && write(fds[i].fd, buffer.data(), static_cast<std::size_t>(got)) == got)
        continue;
      close(fds[i].fd);
      fds.erase(fds.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (fds[0].revents != 0) {
      const int peer = accept(listener, nullptr, nullptr);
      if (peer >= 0) fds.push_back({peer, POLLIN, 0});
    }
  }
}

void serve_source(int listener) {
  accept_all(listener, [](int peer) {
    std::thread([peer] {
      const std::string bytes(kChunk * 4, 'x');
      while (write(peer, bytes.data(), bytes.size()) > 0) {
      }
      close(peer);
    }).detach();
  });
}

void forward_copy(int from, int to) {
  std::vector<char> buffer(kChunk * 4);
  for (;;) {
    const ssize_t got = read(from, buffer.data(), buffer.size());
    if (got <= 0) return;
    for (ssize_t sent = 0; sent < got;) {
      const ssize_t more = write(to, buffer.data() + sent, static_cast<std::size_t>(got - sent));
      if (more <= 0) return;
      sent += more;
    }
  }
}

void forward_splice(int from, int to) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail("pipe2");
  for (;;) {
    ssize_t got = splice(from, nullptr, ends[1], nullptr, kChunk, SPLICE_F_MOVE);
    if (got <= 0) return;
    while (got > 0) {
      const ssize_t sent =
          splice(ends[0], nullptr, to, nullptr, static_cast<std::size_t>(got), SPLICE_F_MOVE);
      if (sent <= 0) return;
      got -= sent;
    }
  }
}

void relay(const std::string& address, int port, int to_port, bool by_splice) {
  accept_all(listen_at(address, port), [&](int inside) {
    const int outside = socket(AF_INET, SOCK_STREAM, 0);
    join(outside, at(address, to_port));
    const auto forward = by_splice ? forward_splice : forward_copy;
    std::thread([=] {
      forward(outside, inside);
      shutdown(inside, SHUT_RDWR);
    }).detach();
    std::thread([=] {
      forward(inside, outside);
      shutdown(outside, SHUT_RDWR);
    }).detach();
  });
}

void latency(const std::string& name, int port, int count) {
  const sockaddr_in where = at(resolve(name), port);
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const int peer = ask(where);
    char byte = 'x';
    if (write(peer, &byte, 1) != 1 || read(peer, &byte, 1) != 1) fail("echo");
    const auto end = std::chrono::steady_clock::now();
    close(peer);
    times.push_back(std::chrono::duration<double, std::micro>(end - begin).count());
  }
  std::sort(times.begin(), times.end());
  std::printf("%.1f %.1f\n", times[times.size() / 2], times[times.size() * 99 / 100]);
}

void pull(const std::string& name, int port, double bytes) {
  const int peer = ask(at(resolve(name), port));
  std::vector<char> buffer(kChunk * 4);
  const auto begin = std::chrono::steady_clock::now();
  double got = 0;
  while (got < bytes) {
    const ssize_t more = read(peer, buffer.data(), buffer.size());
    if (more <= 0) fail("read");
    got += static_cast<double>(more);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%.0f\n", got / took.count());
}

void hold(const std::string& name, int port, int count, const std::string& file) {
  const sockaddr_in where = at(resolve(name), port);
  std::ifstream said(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(said)), {});
  std::vector<int> held;
  for (int i = 0; i < count; ++i) {
    held.push_back(ask(where));
    const auto sent = write(held.back(), bytes.data(), bytes.size());
    std::vector<char> answer(bytes.size());
    if (bytes.empty() || sent != static_cast<ssize_t>(bytes.size()) ||
        recv(held.back(), answer.data(), answer.size(), MSG_WAITALL) != sent)
      fail("echo");
  }
  std::printf("held %zu\n", held.size());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto number = [&](std::size_t i) { return std::atoi(words.at(i).c_str()); };
  // A peer that has gone is an error of its connection, not the end of the server.
  std::signal(SIGPIPE, SIG_IGN);
  if (!words.empty() && (words[0] == "serve" || words[0] == "relay"))
    prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (words.size() >= 4 && words[0] == "serve") {
    std::thread echo(serve_echo, listen_at(words[1], number(2)));
    serve_source(listen_at(words[1], number(3)));
  } else if (words.size() == 5 && words[0] == "relay") {
    relay(words[1], number(2), number(3), words[4] == "splice");
  } else if (words.size() == 4 && words[0] == "latency") {
    latency(words[1], number(2), number(3));
  } else if (words.size() == 4 && words[0] == "pull") {
    pull(words[1], number(2), std::atof(words[3].c_str()));
  } else if (words.size() == 5 && words[0] == "hold") {
    hold(words[1], number(2), number(3), words[4]);
  } else {
    return 64;
  }
  return 0;
}
