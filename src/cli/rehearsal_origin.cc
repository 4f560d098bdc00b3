#include "cli/rehearsal_origin.h"

#include <fcntl.h>

#include <format>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "cli/loopback_names.h"
#include "cli/message.h"
#include "codec/dns_message.h"
#include "codec/json.h"
#include "codec/toml_text.h"
#include "egress/authority.h"
#include "net/dial.h"
#include "net/loop.h"
#include "net/tls_server.h"
#include "os/capture.h"
#include "os/file.h"
#include "os/network_attempts.h"

namespace glovebox::cli {

namespace {

using codec::Json;

constexpr int kStandardInput = 0, kStandardOutput = 1;
constexpr std::size_t kMaxLine = 64 * kKiB;
constexpr std::size_t kMaxHead = 16 * kKiB;
constexpr Duration kPatience = seconds(10);  // of one connection
constexpr milliseconds kStartPatience{20'000};
constexpr unsigned kFolder = 0700, kFile = 0600;

struct Place {
  codec::HostName name;
  std::uint16_t port;
};

Result<Place> parse_place(std::string_view text) {
  const auto where = TRY(codec::parse_host_port(text));
  const auto* name = std::get_if<codec::HostName>(&where.host);
  if (name == nullptr) return Error(ErrorKind::invalid, "an origin has a host name and a port");
  return Place{*name, where.port};
}

std::string answer_to(std::string_view head, std::string_view credential) {
  const bool known = head.contains(std::format("\r\nauthorization: Bearer {}\r\n", credential)) ||
                     head.contains(std::format("\r\nAuthorization: Bearer {}\r\n", credential));
  const std::string_view text = known ? "the origin knows you: the key came with the request\n"
                                      : "the origin does not know you: no key came\n";
  return std::format(
      "HTTP/1.1 {}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: "
      "close\r\n\r\n{}",
      known ? "200 OK" : "401 Unauthorized", text.size(), text);
}

// What all connections share; outlives the loop's tasks.
struct Origin {
  net::Loop& loop;
  const Place& place;
  net::TlsServerContext context;
  std::shared_ptr<const net::ServerIdentity> identity;
  const Secret& credential;
};

net::Task<void> serve(const Origin& origin, UniqueFd socket) {
  const net::Patience patience{.deadline = origin.loop.now() + kPatience, .token = {}};
  auto inside = co_await net::serve_tls(
      net::make_socket_stream(origin.loop, std::move(socket)), origin.context,
      {origin.identity, origin.place.name, {net::Alpn::http11}}, patience);
  if (!inside) co_return;  // who does not believe it, or asks for another name
  std::string head;
  while (!head.contains("\r\n\r\n")) {
    const auto bytes = co_await inside->stream->read(patience);
    if (!bytes || bytes->empty() || head.size() > kMaxHead) co_return;
    head += *bytes;
  }
  const std::string answer = answer_to(head, origin.credential.reveal());
  if (co_await inside->stream->write(answer, patience))
    (void)co_await inside->stream->finish(patience);
}

net::Task<void> accept(const Origin& origin, net::Listener listener) {
  while (auto socket = co_await listener.accept({}))
    origin.loop.spawn(serve(origin, *std::move(socket)));
  origin.loop.stop();
}

net::Task<void> answer_names(const Origin& origin, int socket) {
  os::InetAddress loopback;
  loopback.bytes = {127, 0, 0, 1};
  while (co_await origin.loop.readable(socket)) {
    while (auto query = os::receive_datagram(socket, codec::kMaxDnsQuery).value_or(std::nullopt)) {
      const NameAnswer answer = answer_as_loopback(query->bytes, origin.place.name.str());
      if (!answer.bytes.empty())
        (void)os::send_datagram(socket, loopback, query->from, answer.bytes);
    }
  }
  origin.loop.stop();
}

// Until whoever started it is gone, or lets it go.
net::Task<void> watch(const Origin& origin) {
  (void)co_await origin.loop.readable(kStandardInput);
  origin.loop.stop();
}

// One line of standard input, without its end.
Result<Secret> read_credential() {
  std::string line;
  for (char byte = 0; line.size() < kMaxLine; line += byte) {
    if (TRY(os::read_some(kStandardInput, &byte, 1)) == 0)
      return Error(ErrorKind::closed, "no credential came");
    if (byte == '\n') return Secret::take(std::move(line));
  }
  return Error(ErrorKind::limit, "the credential is too long");
}

Result<void> serve_until_end(std::string_view where) {
  const Place place = TRY(parse_place(where));
  const Secret credential = TRY(read_credential());
  const SystemClock clock;
  const auto loop = TRY(net::Loop::make(clock));
  auto listener = TRY_CONTEXT(
      net::Listener::open(*loop, codec::IpAddress::v4({127, 0, 0, 1}), place.port), where);
  os::InetAddress loopback;
  loopback.bytes = {127, 0, 0, 1};
  const UniqueFd names = TRY(os::bind_datagrams(loopback));
  const auto authority = TRY(egress::Authority::make("rehearsal", clock.wall()));
  const auto leaf = TRY(authority.mint(place.name, clock.wall()));
  const Origin origin{*loop, place, TRY(net::TlsServerContext::make()), leaf.identity, credential};
  TRY(os::write_all(kStandardOutput, codec::to_json(Json::object(
                                         {{"resolver", TRY(os::local_port(names.get()))},
                                          {"authority", TRY(authority.pem()).certificate}})) +
                                         "\n"));
  loop->spawn(accept(origin, std::move(listener)));
  loop->spawn(answer_names(origin, names.get()));
  loop->spawn(watch(origin));
  return loop->run();
}

Result<Json> first_line(int fd) {
  std::string line;
  while (!line.ends_with('\n') && line.size() < kMaxLine) {
    std::vector<os::Poll> polls = {{.fd = fd}};
    if (!TRY(os::poll_fds(polls, kStartPatience)))
      return Error(ErrorKind::timeout, "the origin did not start in time");
    char byte = 0;
    if (TRY(os::read_some(fd, &byte, 1)) == 0)
      return Error(ErrorKind::closed, "the origin ended at its start");
    line += byte;
  }
  return codec::parse_json(line);
}

Result<void> write_file(int folder, const std::string& name, std::string_view text) {
  const UniqueFd file = TRY(os::open_at(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                                        os::Resolve::anywhere, kFile));
  return os::write_all(file.get(), text);
}

}  // namespace

Result<void> RehearsalOrigin::check(std::string_view where) {
  TRY(parse_place(where));
  return {};
}

Result<RehearsalOrigin> RehearsalOrigin::start(int program, std::string_view where,
                                               std::string folder) {
  const Place place = TRY(parse_place(where));
  TRY_CONTEXT(os::make_folder(AT_FDCWD, folder, kFolder), folder);
  RehearsalOrigin origin(std::move(folder));
  const UniqueFd made = TRY(os::open_path(origin.folder_, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  TRY(os::make_folder(made.get(), "credentials", kFolder));
  SystemRandom random;
  constexpr std::size_t kRandomBytes = 16;
  const std::string credential = "rehearsal-key-" + random.hex(kRandomBytes);
  TRY(write_file(made.get(), std::format("credentials/{}", kRehearsalCredential), credential));

  os::Pipe in = TRY(os::make_pipe());
  os::Pipe out = TRY(os::make_pipe());
  origin.process_ = TRY(
      os::spawn({.executable = program,
                 .arguments = {"glovebox", std::string(kRehearsalOriginWord), std::string(where)},
                 .environment = {},
                 .fds = {{in.reader.get(), 0}, {out.writer.get(), 1}}}));
  out.writer.reset();
  origin.holds_ = std::move(in.writer);
  TRY(os::write_all(origin.holds_.get(), credential + "\n"));
  const Json told = TRY(first_line(out.reader.get()));
  const auto resolver = told.get_int("resolver");
  if (const std::string* why = told.get_string("why"))
    return Error(ErrorKind::exists, std::format("{}\nhint: another program listens there", *why));
  const std::string* authority = told.get_string("authority");
  if (!resolver || authority == nullptr)
    return Error(ErrorKind::protocol, "the origin does not tell where it is");
  TRY(write_file(made.get(), "ca.pem", *authority));
  TRY(write_file(made.get(), "glovebox.toml",
                 std::format("[egress]\nresolvers = [\"127.0.0.1:{}\"]\nproxy = \"\"\n"
                             "ca_file = {}\n",
                             *resolver, codec::toml_string(origin.folder_ + "/ca.pem"))));
  return origin;
}

RehearsalOrigin::~RehearsalOrigin() {
  if (folder_.empty()) return;  // moved from
  process_.end();
  const auto slash = folder_.rfind('/');
  const auto above = os::open_path(folder_.substr(0, slash + 1), O_RDONLY | O_DIRECTORY);
  if (above) (void)os::remove_tree(above->get(), folder_.substr(slash + 1));
}

int run_rehearsal_origin(std::string_view where) {
  (void)os::die_with_parent();
  const auto served = serve_until_end(where);
  if (served) return to_int(ExitCode::done);
  if (served.error().kind() == ErrorKind::exists)
    print_out(codec::to_json(Json::object({{"why", served.error().message()}})) + "\n");
  return to_int(fail(ExitCode::bug, "rehearsal origin: " + served.error().message()));
}

}  // namespace glovebox::cli
