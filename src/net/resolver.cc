#include "net/resolver.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <format>
#include <optional>
#include <utility>

#include "codec/host.h"
#include "net/event.h"
#include "os/poller.h"

namespace glovebox::net {

namespace {

constexpr std::size_t kMaxAddresses = 16;
// How long the answer of one family waits for the other's (RFC 8305 §3 says 50 ms for fast
// networks; here a name server behind a VPN has to be in time).
constexpr Duration kOtherFamily = milliseconds(300);

enum class Family : std::uint8_t { v4, v6 };

Error failed(int status, const std::string& name) {
  switch (status) {
    case ARES_ENOTFOUND:
      return Error(ErrorKind::not_found, name + ": no such name");
    case ARES_ENODATA:
      return Error(ErrorKind::not_found, name + ": the name has no address");
    case ARES_ETIMEOUT:
      return Error(ErrorKind::timeout, name + ": no answer from a name server");
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
      return Error(ErrorKind::cancelled, name + ": the resolver was closed");
    case ARES_EFORMERR:
    case ARES_EBADRESP:
    case ARES_EBADNAME:
      return Error(ErrorKind::protocol, name + ": " + ares_strerror(status));
    case ARES_ENOMEM:
      return Error(ErrorKind::internal, name + ": out of memory");
    default:
      return Error(ErrorKind::io, name + ": name server: " + ares_strerror(status));
  }
}

// One name being asked for: two questions, shared by who waits and by c-ares' callbacks.
struct Question {
  explicit Question(Loop& loop) : progress(loop) {}
  std::vector<codec::IpAddress> addresses;
  int open = 0;
  int status = ARES_ENODATA;  // the graver of the two failures
  Event progress;

  void fail(int with) {
    if (status == ARES_ENODATA || with == ARES_ETIMEOUT) status = with;
  }
};

void add_addresses(Question& question, Family family, const unsigned char* bytes, int size) {
  std::array<ares_addrttl, kMaxAddresses> v4;
  std::array<ares_addr6ttl, kMaxAddresses> v6;
  int count = kMaxAddresses;
  const int status = family == Family::v4
                         ? ares_parse_a_reply(bytes, size, nullptr, v4.data(), &count)
                         : ares_parse_aaaa_reply(bytes, size, nullptr, v6.data(), &count);
  if (status != ARES_SUCCESS) return question.fail(status);
  for (int i = 0; i < count; ++i) {
    if (question.addresses.size() == kMaxAddresses) return;
    if (family == Family::v4) {
      std::array<std::uint8_t, 4> address;
      std::memcpy(address.data(), &v4[i].ipaddr, address.size());
      question.addresses.push_back(codec::IpAddress::v4(address));
    } else {
      std::array<std::uint8_t, 16> address;
      std::memcpy(address.data(), &v6[i].ip6addr, address.size());
      question.addresses.push_back(codec::IpAddress::v6(address));
    }
  }
}

// c-ares and the task that moves its sockets on while questions are open.
class Channel {
 public:
  explicit Channel(Loop& loop, os::Poller poller) : loop_(loop), poller_(std::move(poller)) {}
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() {
    if (channel_ != nullptr) ares_destroy(channel_);
  }

  Result<void> open(const ResolverConfig& config);
  void ask(const std::shared_ptr<Question>& question, const std::string& name, Family family);
  // Ends every question; the task that pumps ends soon after.
  void close();
  // Moves the questions on, unless a task does already.
  static void keep_pumping(const std::shared_ptr<Channel>& self);

 private:
  static Task<void> pump(std::shared_ptr<Channel> self);
  struct Asked {
    Channel& channel;
    std::shared_ptr<Question> question;
    Family family;
  };
  static void answered(void* asked, int status, int timeouts, unsigned char* bytes, int size);
  void watch_sockets();

  Loop& loop_;
  os::Poller poller_;
  ares_channel channel_ = nullptr;
  std::size_t open_ = 0;
  bool pumping_ = false;
  CancelSource kick_;  // wakes the pump: there are new sockets or an earlier timeout
};

// Everything that c-ares would look up in files of the host is given, so that it reads none.
Result<void> Channel::open(const ResolverConfig& config) {
  ares_options options{};
  in_addr none{};
  std::vector<char*> domains;
  domains.reserve(config.search.size());
  for (const std::string& domain : config.search)
    domains.push_back(const_cast<char*>(domain.c_str()));
  options.flags = ARES_FLAG_NOALIASES;
  options.timeout =
      static_cast<int>(std::chrono::duration_cast<milliseconds>(config.try_timeout).count());
  options.tries = config.tries;
  options.ndots = config.dots;
  options.servers = &none;
  options.nservers = 1;
  options.domains = domains.data();
  options.ndomains = static_cast<int>(domains.size());
  char lookups[] = "b";
  options.lookups = lookups;
  const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                   ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_SORTLIST |
                   ARES_OPT_NOROTATE;
  if (const int status = ares_init_options(&channel_, &options, mask); status != ARES_SUCCESS)
    return Error(ErrorKind::internal, std::string("resolver: ") + ares_strerror(status));
  std::string servers;
  for (const auto& [address, port] : config.servers) {
    if (!servers.empty()) servers += ',';
    servers += std::format("{}:{}", codec::to_url_host(address), port);
  }
  if (servers.empty()) return {};
  if (const int status = ares_set_servers_ports_csv(channel_, servers.c_str());
      status != ARES_SUCCESS)
    return Error(ErrorKind::invalid, std::string("name servers: ") + ares_strerror(status));
  return {};
}

void Channel::ask(const std::shared_ptr<Question>& question, const std::string& name,
                  Family family) {
  ++open_;
  ++question->open;
  ares_search(channel_, name.c_str(), ns_c_in, family == Family::v4 ? ns_t_a : ns_t_aaaa, answered,
              new Asked{*this, question, family});
  watch_sockets();
  kick_.cancel();
}

void Channel::answered(void* asked, int status, int, unsigned char* bytes, int size) {
  const std::unique_ptr<Asked> owned(static_cast<Asked*>(asked));
  Question& question = *owned->question;
  if (status == ARES_SUCCESS)
    add_addresses(question, owned->family, bytes, size);
  else
    question.fail(status);
  --question.open;
  --owned->channel.open_;
  question.progress.set();
}

void Channel::close() {
  ares_cancel(channel_);
  kick_.cancel();
}

void Channel::watch_sockets() {
  std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets;
  const auto bits = static_cast<unsigned>(
      ares_getsock(channel_, sockets.data(), static_cast<int>(sockets.size())));
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    unsigned interest = 0;
    if (ARES_GETSOCK_READABLE(bits, i)) interest |= os::kReadable;
    if (ARES_GETSOCK_WRITABLE(bits, i)) interest |= os::kWritable;
    // A socket that cannot be watched is as one that never answers: its question times out.
    if (interest != 0) (void)poller_.watch(sockets[i], interest);
  }
}

void Channel::keep_pumping(const std::shared_ptr<Channel>& self) {
  if (std::exchange(self->pumping_, true)) return;
  self->loop_.spawn(pump(self));
}

Task<void> Channel::pump(std::shared_ptr<Channel> self) {
  while (self->open_ > 0) {
    self->kick_ = CancelSource();
    self->watch_sockets();
    timeval next{};
    Patience patience{std::nullopt, self->kick_.token()};
    if (ares_timeout(self->channel_, nullptr, &next) != nullptr)
      patience.deadline = self->loop_.now() + seconds(next.tv_sec) + microseconds(next.tv_usec);
    (void)co_await self->loop_.readable(self->poller_.fd(), patience);
    std::array<os::ReadyFd, ARES_GETSOCK_MAXNUM> room;
    const auto ready = self->poller_.wait(room, Duration::zero());
    if (ready)
      for (const auto& [fd, what] : *ready)
        ares_process_fd(self->channel_, (what & os::kReadable) != 0 ? fd : ARES_SOCKET_BAD,
                        (what & os::kWritable) != 0 ? fd : ARES_SOCKET_BAD);
    ares_process_fd(self->channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // its timeouts
  }
  self->pumping_ = false;
}

class AresResolver final : public Resolver {
 public:
  AresResolver(Loop& loop, ResolverConfig config, std::shared_ptr<Channel> channel)
      : loop_(loop), config_(std::move(config)), channel_(std::move(channel)) {}
  ~AresResolver() override { channel_->close(); }
  AresResolver(const AresResolver&) = delete;
  AresResolver& operator=(const AresResolver&) = delete;

  Task<Result<std::vector<codec::IpAddress>>> resolve(codec::HostName name,
                                                      Patience patience) override {
    if (auto known = from_hosts(name); !known.empty()) co_return interleave(known);
    if (config_.servers.empty())
      co_return Error(ErrorKind::not_found, name.str() + ": there is no name server to ask");
    const auto question = std::make_shared<Question>(loop_);
    channel_->ask(question, name.str(), Family::v6);
    channel_->ask(question, name.str(), Family::v4);
    Channel::keep_pumping(channel_);
    while (question->open > 0) {
      Patience wait = patience;
      if (!question->addresses.empty()) wait = patience.no_later_than(loop_.now() + kOtherFamily);
      question->progress.clear();
      auto moved = co_await question->progress.wait(wait);
      if (moved) continue;
      if (moved.error().kind() == ErrorKind::timeout && !question->addresses.empty()) break;
      co_return std::move(moved).error().with_context(name.str());
    }
    if (question->addresses.empty()) co_return failed(question->status, name.str());
    std::stable_sort(question->addresses.begin(), question->addresses.end(),
                     [](const auto& a, const auto& b) { return a.is_v6() && b.is_v4(); });
    co_return interleave(question->addresses);
  }

 private:
  std::vector<codec::IpAddress> from_hosts(const codec::HostName& name) const {
    std::vector<codec::IpAddress> found;
    if (name.is_localhost())
      return {*codec::IpAddress::parse("::1"), *codec::IpAddress::parse("127.0.0.1")};
    for (const auto& entry : config_.hosts) {
      if (entry.name == name.str()) found.push_back(entry.address);
      if (found.size() == kMaxAddresses) break;
    }
    return found;
  }

  Loop& loop_;
  ResolverConfig config_;
  std::shared_ptr<Channel> channel_;
};

}  // namespace

Result<std::unique_ptr<Resolver>> make_resolver(Loop& loop, ResolverConfig config) {
  os::Poller poller = TRY_CONTEXT(os::Poller::make(), "resolver");
  auto channel = std::make_shared<Channel>(loop, std::move(poller));
  TRY(channel->open(config));
  return std::unique_ptr<Resolver>(
      std::make_unique<AresResolver>(loop, std::move(config), std::move(channel)));
}

}  // namespace glovebox::net
