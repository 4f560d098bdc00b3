#include "cli/egress_proof_guest.h"

#include <algorithm>
#include <array>
#include <format>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "box/box_network.h"
#include "cli/egress_proof_attempts.h"
#include "cli/message.h"
#include "codec/cidr.h"
#include "codec/dns_message.h"
#include "egress/name_table.h"
#include "net/address.h"
#include "os/capture.h"
#include "os/inet.h"
#include "os/network_attempts.h"
#include "os/process.h"

namespace glovebox::cli {

namespace {

using codec::Json;

constexpr milliseconds kPatience{8'000};    // of one attempt; a host may be busy
constexpr milliseconds kShortPatience{50};  // where silence is one of the good ends
constexpr std::size_t kReadAtOnce = 4096;
constexpr std::size_t kMostRead = 16'384;

struct Came {
  std::string word, detail;
};

Came failed(const Error& error) {
  const std::string name = error.error_number() == 0 ? "" : errno_name(error.error_number());
  if (name == "ECONNREFUSED") return {std::string(came::kRefused), {}};
  // It stood, and was ended before it could be looked at.
  if (name == "ECONNRESET") return {std::string(came::kClosed), {}};
  return {name.empty() ? std::string(came::kFailed) : name, error.message()};
}

bool has_ipv6() {
  os::InetAddress loopback;
  loopback.family = os::InetAddress::Family::v6;
  loopback.bytes[15] = 1;
  return os::has_address(loopback);
}

// Until the socket can be read or written; false: the time was over.
Result<bool> wait(int socket, bool want_write, Duration until, const Clock& clock) {
  const auto left = std::chrono::duration_cast<milliseconds>(until - clock.monotonic());
  std::vector<os::Poll> polls = {{.fd = socket, .want_write = want_write}};
  return os::poll_fds(polls, std::max(left, milliseconds(0)));
}

// --- names, as a program asks for them that brings its own resolver

constexpr std::uint16_t kQueryId = 0x4750;
constexpr std::size_t kDnsHead = 12;

void put16(std::string& out, std::size_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value & 0xff);
}

std::string query_for(std::string_view name, codec::DnsType type) {
  constexpr std::size_t kRecursion = 0x0100, kInternet = 1;
  std::string query;
  for (const std::size_t value : {std::size_t{kQueryId}, kRecursion, std::size_t{1}, std::size_t{0},
                                  std::size_t{0}, std::size_t{0}})
    put16(query, value);
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    query += static_cast<char>(label.size());
    query += label;
    name.remove_prefix(std::min(label.size() + 1, name.size()));
  }
  query += '\0';
  put16(query, static_cast<std::size_t>(type));
  put16(query, kInternet);
  return query;
}

struct DnsEnd {
  Came came;
  std::optional<codec::IpAddress> address;
};

// Of an answer with the question that was asked, `question` bytes of it, and at most one record.
DnsEnd read_answer(std::string_view bytes, std::size_t question) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  const auto bad = [](std::string detail) {
    return DnsEnd{{std::string(came::kFailed), std::move(detail)}, {}};
  };
  if (bytes.size() < kDnsHead + question || at(0) != kQueryId >> 8 || at(1) != (kQueryId & 0xff))
    return bad("an answer to something else");
  constexpr int kCodeMask = 15, kNameError = 3, kRefusedCode = 5;
  const int code = at(3) & kCodeMask;
  if (code == kNameError) return {{std::string(came::kNoName), {}}, {}};
  if (code == kRefusedCode) return {{std::string(came::kNotAnswered), {}}, {}};
  if (code != 0) return bad(std::format("code {}", code));
  if (at(6) == 0 && at(7) == 0) return {{std::string(came::kEmpty), {}}, {}};
  // A pointer to the name, type, class, time to live, length.
  constexpr std::size_t kRecordHead = 12;
  const std::size_t data = kDnsHead + question + kRecordHead;
  constexpr std::size_t kV4 = 4, kV6 = 16;
  if (bytes.size() >= data + kV4 && at(data - 1) == kV4) {
    std::array<std::uint8_t, kV4> v4{};
    for (std::size_t i = 0; i < kV4; ++i) v4[i] = at(data + i);
    const auto address = codec::IpAddress::v4(v4);
    return {
        {std::string(egress::NameTable::is_made_up(address) ? came::kMadeUp : came::kOtherAddress),
         address.to_string()},
        address};
  }
  if (bytes.size() >= data + kV6 && at(data - 1) == kV6)
    return {{std::string(came::kOtherAddress), "IPv6"}, {}};
  return {{std::string(came::kBytes), "an answer with something else"}, {}};
}

// --- the attempts

class Guest {
 public:
  explicit Guest(ProofScene scene) : scene_(std::move(scene)), has_ipv6_(has_ipv6()) {}

  void run() {
    for (const ProofAttempt& attempt : proof_attempts(scene_)) {
      const bool quick = std::ranges::find(attempt.good, came::kSilence) != attempt.good.end();
      until_ = clock_.monotonic() + (quick ? kShortPatience : kPatience);
      Came end = std::visit([this](const auto& act) { return this->make(act); }, attempt.act);
      print_out(codec::to_json(
                    GuestEnd{attempt.name, std::move(end.word), std::move(end.detail)}.to_json()) +
                "\n");
    }
  }

 private:
  Came silence() const { return {std::string(came::kSilence), {}}; }
  Came no_family() const { return {std::string(came::kNoFamily), {}}; }
  bool lacks(std::string_view to) const { return to.contains(':') && !has_ipv6_; }

  Result<os::InetAddress> address_of(const std::string& to, std::uint16_t port) {
    if (to.contains(':')) return net::to_os(TRY(codec::IpAddress::parse(to)), port);
    if (to != kProofName) return os::address_of_spelling(to, port);
    if (!name_) {
      const DnsEnd end = ask({std::string(box::kNameServer), TryName::Over::udp, to});
      if (!end.address)
        return Error(ErrorKind::not_found, std::format("the allowed name has no address: {} {}",
                                                       end.came.word, end.came.detail));
      name_ = end.address;
    }
    return net::to_os(*name_, port);
  }

  Came make(const TryConnection& act) {
    if (lacks(act.to)) return no_family();
    const auto to = address_of(act.to, act.port);
    if (!to) return failed(to.error());
    auto socket = connect(*to, act.by);
    if (!socket) return failed(socket.error());
    if (auto begun = wait(socket->get(), true, until_, clock_); !begun || !*begun)
      return begun ? silence() : failed(begun.error());
    if (auto connected = os::finish_connect(socket->get()); !connected)
      return failed(connected.error());
    // One that is closed already is found out by reading.
    (void)os::send_some(socket->get(), act.bytes);
    return hear(socket->get());
  }

  Result<UniqueFd> connect(const os::InetAddress& to, const std::string& by) {
    if (by.empty()) return os::start_connect(to);
    return os::start_routed_connect(to, TRY(os::address_of_spelling(by, 0)));
  }

  // What can be told of it already.
  std::optional<Came> told(std::string_view got) const {
    constexpr std::string_view kHttp = "HTTP/1.1 ", kGood = "200";
    constexpr char kAlertRecord = 0x15;
    if (got.contains(scene_.word)) return Came{std::string(came::kAnswered), {}};
    if (got.starts_with(kAlertRecord)) return Came{std::string(came::kAlert), {}};
    if (got.starts_with(kHttp) && got.size() >= kHttp.size() + kGood.size()) {
      const std::string_view status = got.substr(kHttp.size(), kGood.size());
      if (status != kGood) return Came{std::format("{}{}", came::kStatus, status), {}};
    }
    return std::nullopt;
  }

  Came hear(int socket) {
    std::string got;
    std::array<char, kReadAtOnce> buffer{};
    while (got.size() < kMostRead) {
      if (auto ready = wait(socket, false, until_, clock_); !ready || !*ready) {
        if (!ready) return failed(ready.error());
        return got.empty() ? silence() : Came{std::string(came::kBytes), "and then silence"};
      }
      const auto size = os::receive_some(socket, buffer.data(), buffer.size());
      if (size && !*size) continue;
      if (!size || **size == 0) {  // a reset is an end as well
        if (got.empty()) return {std::string(came::kClosed), size ? "" : size.error().message()};
        break;
      }
      got.append(buffer.data(), **size);
      if (auto end = told(got)) return *std::move(end);
    }
    return {std::string(came::kBytes), std::format("{} of them", got.size())};
  }

  // A datagram there, and one back.
  Result<std::optional<std::string>> exchange(const os::InetAddress& to, std::string_view bytes) {
    const UniqueFd socket = TRY(os::connect_datagrams(to));
    TRY(os::send_some(socket.get(), bytes));
    std::array<char, kReadAtOnce> buffer{};
    while (TRY(wait(socket.get(), false, until_, clock_))) {
      const auto size = TRY(os::receive_some(socket.get(), buffer.data(), buffer.size()));
      if (size) return std::optional(std::string(buffer.data(), *size));
    }
    return std::optional<std::string>();
  }

  Came make(const TryDatagram& act) {
    if (lacks(act.to)) return no_family();
    const auto to = address_of(act.to, act.port);
    if (!to) return failed(to.error());
    const auto answer = exchange(*to, act.bytes);
    if (!answer) return failed(answer.error());
    if (!*answer) return silence();
    const bool by_witness = (*answer)->contains(scene_.word);
    return {std::string(by_witness ? came::kAnswered : came::kBytes), {}};
  }

  Came make(const TryName& act) {
    if (lacks(act.server)) return no_family();
    return ask(act).came;
  }

  DnsEnd ask(const TryName& act) {
    const std::string query = query_for(act.name, act.type);
    const auto server = address_of(act.server, codec::kDnsPort);
    if (!server) return {failed(server.error()), {}};
    auto answer =
        act.over == TryName::Over::udp ? exchange(*server, query) : exchange_framed(*server, query);
    if (!answer) return {failed(answer.error()), {}};
    if (!*answer) return {silence(), {}};
    return read_answer(**answer, query.size() - kDnsHead);
  }

  Result<std::optional<std::string>> exchange_framed(const os::InetAddress& to,
                                                     std::string_view query) {
    const UniqueFd socket = TRY(os::start_connect(to));
    if (!TRY(wait(socket.get(), true, until_, clock_))) return std::optional<std::string>();
    TRY(os::finish_connect(socket.get()));
    TRY(os::send_some(socket.get(), TRY(codec::dns_frame(query))));
    std::string got;
    std::array<char, kReadAtOnce> buffer{};
    while (TRY(wait(socket.get(), false, until_, clock_))) {
      const auto size = TRY(os::receive_some(socket.get(), buffer.data(), buffer.size()));
      if (!size) continue;
      if (*size == 0) return Error(ErrorKind::closed, "the resolver ended");
      got.append(buffer.data(), *size);
      if (got.size() < 2) continue;
      const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(got[i]); };
      const std::size_t whole = std::size_t{byte(0)} << 8 | byte(1);
      if (got.size() >= whole + 2) return std::optional(got.substr(2, whole));
    }
    return std::optional<std::string>();
  }

  Came make(const TryCall& act) const {
    using Kind = os::AttemptEnd::Kind;
    const os::AttemptEnd end = os::make_attempt(*act.call, act.argument);
    switch (end.kind) {
      case Kind::refused:
        return {std::string(came::kRefused), end.detail};
      case Kind::through:
        return {std::string(came::kThrough), end.detail};
      case Kind::refused_otherwise:
        return {std::string(came::kFailed), end.detail};
      case Kind::not_made:
        break;
    }
    return {std::string(came::kFailed), "it was not made " + end.detail};
  }

  const ProofScene scene_;
  const bool has_ipv6_;
  const SystemClock clock_;
  Duration until_{};
  std::optional<codec::IpAddress> name_;  // of the allowed name, in this network
};

}  // namespace

Json GuestEnd::to_json() const {
  return Json::object({{"name", name}, {"came", came}, {"detail", detail}});
}

Result<GuestEnd> GuestEnd::from_json(const Json& json) {
  const std::string* name = json.get_string("name");
  const std::string* word = json.get_string("came");
  const std::string* detail = json.get_string("detail");
  if (name == nullptr || word == nullptr || detail == nullptr)
    return Error(ErrorKind::protocol, "egress proof: not the end of an attempt");
  return GuestEnd{*name, *word, *detail};
}

int run_proof_guest(std::string_view text) {
  const auto json = codec::parse_json(text);
  auto scene = json ? ProofScene::from_json(*json) : Result<ProofScene>(json.error());
  if (!scene) return to_int(fail(ExitCode::usage, scene.error().message()));
  Guest(*std::move(scene)).run();
  return to_int(ExitCode::done);
}

}  // namespace glovebox::cli
