#include "cli/egress_proof_witness.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <format>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "cli/loopback_names.h"
#include "cli/message.h"
#include "codec/dns_message.h"
#include "codec/json.h"
#include "codec/utf8.h"
#include "os/attempts.h"
#include "os/capture.h"
#include "os/file.h"
#include "os/inet.h"
#include "os/network_attempts.h"

namespace glovebox::cli {

namespace {

using codec::Json;

constexpr int kStandardInput = 0, kStandardOutput = 1;
constexpr std::size_t kReadAtOnce = 4096;
constexpr std::size_t kMaxText = 1 << 20;
constexpr std::size_t kMostLines = 1000;   // who comes more often is cut
constexpr std::size_t kMostShown = 512;    // bytes of what came
constexpr milliseconds kFirstBytes{500};   // that a connection has to say something
constexpr milliseconds kPatience{10'000};  // for the witness itself
constexpr const char* kNoDevice = "eth0";  // looked for where the host has loopback alone
const os::InetAddress kLoopback{.bytes = {127, 0, 0, 1}};

// An interface of this network that is not loopback.
std::string find_device() {
  constexpr std::size_t kHeadLines = 2;
  const auto text = os::read_file("/proc/net/dev", kMaxText);
  if (!text) return kNoDevice;
  std::string_view rest = *text;
  for (std::size_t line = 0; !rest.empty(); ++line) {
    const std::string_view one = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    const auto begin = one.find_first_not_of(' ');
    const auto end = one.find(':');
    if (line < kHeadLines || end == std::string_view::npos || begin >= end) continue;
    if (const std::string_view name = one.substr(begin, end - begin); name != "lo")
      return std::string(name);
  }
  return kNoDevice;
}

struct Door {
  std::string_view way;
  UniqueFd socket;
};

class Witness {
 public:
  Result<void> open() {
    SystemRandom random;
    constexpr std::size_t kWordBytes = 12;
    scene_.word = "witness-" + random.hex(kWordBytes);
    scene_.socket = "glovebox-egress-proof-" + random.hex(kWordBytes);
    scene_.device = find_device();
    for (const auto& [name, port] :
         {std::pair{way::kRaw, &scene_.raw}, std::pair{way::kHttp, &scene_.http},
          std::pair{way::kTls, &scene_.tls}, std::pair{way::kClosed, &scene_.closed}}) {
      streams_.push_back({name, TRY_CONTEXT(os::listen_tcp(kLoopback), "loopback")});
      *port = TRY(os::local_port(streams_.back().socket.get()));
    }
    streams_.push_back({way::kAbstract, TRY(os::listen_abstract(scene_.socket))});
    datagrams_ = TRY(os::bind_datagrams(kLoopback));
    scene_.datagrams = TRY(os::local_port(datagrams_.get()));
    names_ = TRY(os::bind_datagrams(kLoopback));
    return {};
  }

  Result<void> tell_scene() const {
    Json scene = scene_.to_json();
    scene.as_object()->set("resolver", TRY(os::local_port(names_.get())));
    return os::write_all(kStandardOutput, codec::to_json(scene) + "\n");
  }

  // Until it is asked, or who asks is gone.
  Result<void> watch() {
    while (true) {
      std::vector<os::Poll> polls = {
          {.fd = kStandardInput}, {.fd = datagrams_.get()}, {.fd = names_.get()}};
      for (const Door& door : streams_) polls.push_back({.fd = door.socket.get()});
      TRY(os::poll_fds(polls, milliseconds(-1)));
      serve();
      if (!polls.front().readable) continue;
      char byte = 0;
      if (TRY(os::read_some(kStandardInput, &byte, 1)) == 0) return {};
      serve();  // what came meanwhile
      codec::JsonArray lines;
      for (const std::string& line : lines_) lines.emplace_back(line);
      return os::write_all(kStandardOutput, codec::to_json(Json(std::move(lines))) + "\n");
    }
  }

 private:
  void note(std::string_view way, std::string_view what) {
    if (lines_.size() < kMostLines)
      lines_.push_back(std::format("{} {}", way, codec::visible_text(what.substr(0, kMostShown))));
  }

  void serve() {
    for (const Door& door : streams_)
      while (auto connection = os::accept_tcp(door.socket.get()).value_or(std::nullopt))
        answer(door.way, connection->get());
    while (auto datagram =
               os::receive_datagram(datagrams_.get(), kReadAtOnce).value_or(std::nullopt)) {
      note(way::kDatagram, datagram->bytes);
      (void)os::send_datagram(datagrams_.get(), kLoopback, datagram->from, scene_.word);
    }
    while (auto query =
               os::receive_datagram(names_.get(), codec::kMaxDnsQuery).value_or(std::nullopt))
      (void)os::send_datagram(names_.get(), kLoopback, query->from, name_answer(query->bytes));
  }

  void answer(std::string_view door, int connection) {
    std::vector<os::Poll> polls = {{.fd = connection}};
    std::array<char, kReadAtOnce> buffer{};
    std::string came;
    if (os::poll_fds(polls, kFirstBytes).value_or(false))
      if (const auto size = os::receive_some(connection, buffer.data(), buffer.size());
          size && *size)
        came.assign(buffer.data(), **size);
    note(door, came);
    const std::string body = scene_.word + "\n";
    // Who is gone does not hear it.
    (void)os::send_some(connection, door == way::kHttp
                                        ? std::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n"
                                                      "Connection: close\r\n\r\n{}",
                                                      body.size(), body)
                                        : body);
    os::close_in_order(connection);
  }

  std::string name_answer(std::string_view bytes) {
    NameAnswer answer = answer_as_loopback(bytes, kProofName);
    note(way::kName, answer.asked.empty() ? "what is no query" : answer.asked);
    return std::move(answer.bytes);
  }

  ProofScene scene_;
  std::vector<Door> streams_;
  UniqueFd datagrams_, names_;
  std::vector<std::string> lines_;
};

Result<std::string> read_line(int fd, std::size_t most) {
  std::string line;
  while (!line.ends_with('\n')) {
    if (line.size() > most) return Error(ErrorKind::limit, "the witness says too much");
    std::vector<os::Poll> polls = {{.fd = fd}};
    if (!TRY(os::poll_fds(polls, kPatience)))
      return Error(ErrorKind::timeout, "the witness says nothing");
    std::array<char, kReadAtOnce> buffer{};
    const std::size_t size = TRY(os::read_some(fd, buffer.data(), buffer.size()));
    if (size == 0) return Error(ErrorKind::closed, "the witness is gone");
    line.append(buffer.data(), size);
  }
  return line;
}

}  // namespace

Result<ProofWitness> ProofWitness::start(int program) {
  ProofWitness witness;
  os::Pipe ask = TRY(os::make_pipe());
  os::Pipe answer = TRY(os::make_pipe());
  const UniqueFd nothing = TRY(os::open_path("/dev/null", O_WRONLY));
  witness.process_ = TRY(
      os::spawn({.executable = program,
                 .arguments = {"glovebox", std::string(kProofWitnessWord)},
                 .environment = {},
                 .fds = {{ask.reader.get(), 0}, {answer.writer.get(), 1}, {nothing.get(), 2}}}));
  witness.ask_ = std::move(ask.writer);
  witness.answer_ = std::move(answer.reader);
  answer.writer.reset();
  const Json scene = TRY(codec::parse_json(TRY(read_line(witness.answer_.get(), kReadAtOnce))));
  if (const std::string* why = scene.get_string("why")) return Error(ErrorKind::io, *why);
  witness.scene_ = TRY(ProofScene::from_json(scene));
  const auto resolver = scene.get_int("resolver");
  if (!resolver || *resolver < 1 || *resolver > 65'535)
    return Error(ErrorKind::protocol, "the witness tells no resolver");
  witness.resolver_ = static_cast<std::uint16_t>(*resolver);
  return witness;
}

Result<std::vector<std::string>> ProofWitness::end() {
  TRY_CONTEXT(os::write_all(ask_.get(), "?"), "the witness is gone");
  const Json json = TRY(codec::parse_json(TRY(read_line(answer_.get(), kMaxText))));
  TRY(process_.reap(os::Process::Wait::yes));
  std::vector<std::string> lines;
  const codec::JsonArray* array = json.as_array();
  if (array == nullptr) return Error(ErrorKind::protocol, "the witness speaks in riddles");
  for (const Json& line : *array)
    if (line.as_string() != nullptr) lines.push_back(*line.as_string());
  return lines;
}

int run_proof_witness() {
  (void)os::die_with_parent();
  Witness witness;
  if (auto opened = witness.open(); !opened) {
    print_out(codec::to_json(Json::object({{"why", opened.error().message()}})) + "\n");
    return to_int(ExitCode::host_lacks);
  }
  if (!witness.tell_scene() || !witness.watch()) return to_int(ExitCode::bug);
  return to_int(ExitCode::done);
}

}  // namespace glovebox::cli
