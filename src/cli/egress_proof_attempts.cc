#include "cli/egress_proof_attempts.h"

#include <format>
#include <utility>

#include "os/network_attempts.h"

namespace glovebox::cli {

namespace {

using codec::DnsType;
using codec::Json;
using Promise = ProofAttempt::Promise;
using Rule = ProofAttempt::Promise::Rule;
using Over = TryName::Over;

constexpr std::string_view kDeny = "net.deny", kOpen = "net.open";
constexpr std::string_view kNoRule = "no egress rule names this host and port";
// Of documentation (RFC 5737, 3849): nobody has them, whatever becomes of an attempt.
constexpr std::string_view kResolver = "203.0.113.53", kResolver6 = "2001:db8::53";
constexpr std::uint16_t kHttps = 443, kNtp = 123, kDnsOverTls = 853, kMulticastDns = 5353;

void put16(std::string& out, std::size_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value & 0xff);
}

// `bytes` after their length, in two bytes.
std::string counted(const std::string& bytes) {
  std::string out;
  put16(out, bytes.size());
  return out + bytes;
}

std::string extension(std::size_t number, const std::string& body) {
  std::string out;
  put16(out, number);
  return out + counted(body);
}

// A ClientHello of TLS 1.2 (RFC 5246 §7.4.1.2) that asks for `name`, or for none. The session id
// carries the mark.
std::string client_hello(std::string_view name, const std::string& mark) {
  constexpr std::size_t kRandomBytes = 32, kServerName = 0, kGroups = 10, kPoints = 11,
                        kSignatures = 13;
  using namespace std::string_literals;
  std::string extensions = extension(kGroups, "\x00\x02\x00\x17"s) +
                           extension(kPoints, "\x01\x00"s) +
                           extension(kSignatures, "\x00\x02\x04\x03"s);
  if (!name.empty())
    extensions += extension(kServerName, counted("\x00"s + counted(std::string(name))));
  std::string body = "\x03\x03"s + std::string(kRandomBytes, 'r');
  body += static_cast<char>(mark.size());
  body += mark + "\x00\x02\xc0\x2b\x01\x00"s + counted(extensions);
  std::string message = "\x01\x00"s + counted(body);
  return "\x16\x03\x01"s + counted(message);
}

std::string request(std::string_view line, std::string_view host, const std::string& mark,
                    std::string_view more = "") {
  return std::format("{} HTTP/1.1\r\nHost: {}\r\nX-Mark: {}\r\n{}Connection: close\r\n\r\n", line,
                     host, mark, more);
}

// The table is filled in turn, so that it reads as one.
class Table {
 public:
  explicit Table(const ProofScene& scene) : scene_(scene) {}

  std::vector<ProofAttempt> fill() {
    controls();
    literal_addresses();
    other_ports();
    loopback();
    names();
    datagrams();
    inside_tls();
    inside_http();
    calls();
    return std::move(attempts_);
  }

 private:
  using Words = std::vector<std::string_view>;

  ProofAttempt& add(std::string name, std::string what,
                    std::variant<TryConnection, TryDatagram, TryName, TryCall> act, Words good) {
    attempts_.push_back(
        {std::move(name), std::move(what), std::move(act), std::move(good), {}, {}});
    return attempts_.back();
  }

  void controls() {
    const std::string name(kProofName);
    const auto control = [&](std::string id, std::string what, std::uint16_t port,
                             std::string bytes, std::string_view mode) {
      ProofAttempt& made = add(std::move(id), std::move(what),
                               TryConnection{name, port, std::move(bytes), {}}, {came::kAnswered});
      made.promise = Promise{kOpen, name, port, mode, "", Rule::any};
      made.way = ProofAttempt::Way::allowed;
    };
    control("allowed-raw", "the allowed way, in mode raw", scene_.raw,
            proof_mark("allowed-raw") + "\n", "raw");
    control("allowed-http", "the allowed way, in mode http", scene_.http,
            request("GET /control", origin(), proof_mark("allowed-http")), "http");
    control("allowed-tls", "the allowed way, in mode sni", scene_.tls,
            client_hello(kProofName, proof_mark("allowed-tls")), "sni");
  }

  // A host without IPv6 cannot make the attempt.
  static Words there(const std::string& to, Words good) {
    if (to.contains(':')) good.push_back(came::kNoFamily);
    return good;
  }

  // `host`: as it stands in the record.
  void literal(std::string id, std::string what, std::string to, std::string host,
               std::string_view why = kNoRule) {
    const std::string mark = proof_mark(id);
    Words good = there(to, {came::kClosed});
    add(std::move(id), std::move(what), TryConnection{std::move(to), scene_.raw, mark, {}},
        std::move(good))
        .promise = Promise{kDeny, std::move(host), scene_.raw, "tcp", why, Rule::none};
  }

  void literal_addresses() {
    literal("literal-ipv4", "a literal address", "192.0.2.1", "192.0.2.1");
    literal("literal-ipv6", "a literal IPv6 address", "2001:db8::1", "2001:db8::1");
    literal("literal-mapped", "an IPv4 address written as IPv6", "::ffff:192.0.2.2", "192.0.2.2");
    literal("spelled-decimal", "an address as one number", "3221225987", "192.0.2.3");
    literal("spelled-octal", "an address in octal", "0300.0.02.04", "192.0.2.4");
    literal("spelled-hexadecimal", "an address in hexadecimal", "0xc0000205", "192.0.2.5");
    literal("spelled-short", "an address with parts left out", "192.0.518", "192.0.2.6");
    literal("literal-metadata", "the cloud's metadata service", "169.254.169.254",
            "169.254.169.254");
    literal("literal-private", "an inner address", "10.0.0.1", "10.0.0.1");
    literal("made-up-address", "an address of ours that no name has", "198.18.77.77",
            "198.18.77.77", "no name was asked for that has this address");
    add("source-route", "by way of another host",
        TryConnection{"192.0.2.7", scene_.raw, proof_mark("source-route"), "198.51.100.9"},
        {came::kClosed, came::kSilence, came::kRefused, "EPERM", "EINVAL", "EHOSTUNREACH"});
  }

  void other_ports() {
    const auto refused = [&](std::string id, std::string what, std::string to, std::uint16_t port) {
      const std::string mark = proof_mark(id);
      Words good = there(to, {came::kRefused});
      add(std::move(id), std::move(what), TryConnection{std::move(to), port, mark, {}},
          std::move(good));
    };
    refused("port-of-address", "a port that no rule opens", "192.0.2.1", scene_.closed);
    refused("port-of-ipv6", "the same over IPv6", "2001:db8::1", scene_.closed);
    refused("port-of-name", "the same of the allowed name", std::string(kProofName), scene_.closed);
    // Ports that are listened on in every network, so that attempts are on record.
    const auto recorded = [&](std::string id, std::string what, std::string_view to,
                              std::uint16_t port) {
      const std::string mark = proof_mark(id);
      add(std::move(id), std::move(what), TryConnection{std::string(to), port, mark, {}},
          {came::kClosed})
          .promise = Promise{kDeny, std::string(to), port, "tcp", kNoRule, Rule::none};
    };
    recorded("https-of-name", "TLS of the allowed name", kProofName, kHttps);
    recorded("https-of-address", "TLS of an address", "192.0.2.8", kHttps);
    recorded("dns-over-tls", "DNS over TLS", kResolver, kDnsOverTls);
  }

  // Of the box itself: also on a port that leads out for others.
  void loopback() {
    const auto inside = [&](std::string id, std::string what, std::string to, std::uint16_t port,
                            std::string_view good) {
      const std::string mark = proof_mark(id);
      Words words = there(to, {good});
      add(std::move(id), std::move(what), TryConnection{std::move(to), port, mark, {}},
          std::move(words));
    };
    inside("loopback-open", "localhost on a port that a rule opens", "127.0.0.1", scene_.raw,
           came::kClosed);
    inside("loopback-open-ipv6", "the same over IPv6", "::1", scene_.raw, came::kClosed);
    inside("loopback-closed", "a server of the host on localhost", "127.0.0.1", scene_.closed,
           came::kRefused);
  }

  void name(std::string id, std::string what, TryName act, Words good, std::string_view why = "") {
    const std::string host = act.name;
    ProofAttempt& made = add(std::move(id), std::move(what), std::move(act), std::move(good));
    if (!why.empty()) made.promise = Promise{kDeny, host, 0, "dns", why, Rule::none};
  }

  void names() {
    const std::string allowed(kProofName), resolver(kResolver), resolver6(kResolver6);
    const auto outside = [](std::string_view label) {
      return std::format("{}.{}", label, kProofOutside);
    };
    name("dns-udp", "the allowed name, of a resolver outside", {resolver, Over::udp, allowed},
         {came::kMadeUp});
    name("dns-tcp", "the same over TCP", {resolver, Over::tcp, allowed}, {came::kMadeUp});
    name("dns-ipv6", "the same over IPv6", {resolver6, Over::udp, allowed},
         {came::kMadeUp, came::kNoFamily});
    constexpr std::string_view kNoHost = "no egress rule names this host";
    name("dns-udp-outside", "another name, of a resolver outside",
         {resolver, Over::udp, outside("udp")}, {came::kNoName}, kNoHost);
    name("dns-tcp-outside", "the same over TCP", {resolver, Over::tcp, outside("tcp")},
         {came::kNoName}, kNoHost);
    name("dns-data", "data in the labels below the allowed name",
         {resolver, Over::udp, std::format("5e6f7bb1c4a92d8073e6b5a4c3d2e1f0.{}", kProofName)},
         {came::kNoName}, kNoHost);
    name("dns-text", "text under the allowed name", {resolver, Over::udp, allowed, DnsType::txt},
         {came::kNotAnswered}, "TXT is not answered");
    name("dns-any", "everything under the allowed name",
         {resolver, Over::udp, allowed, DnsType::any}, {came::kNotAnswered}, "ANY is not answered");
    name("dns-https", "keys for hidden names in TLS",
         {resolver, Over::udp, allowed, DnsType::https}, {came::kEmpty});
    name("dns-number", "an address as one number, as a name", {resolver, Over::udp, "3221225987"},
         {came::kNoName}, "not a host name");
  }

  void datagrams() {
    const auto refused = [&](std::string id, std::string what, std::string to, std::uint16_t port,
                             Words good = {came::kRefused}) {
      const std::string mark = proof_mark(id);
      good = there(to, std::move(good));
      add(std::move(id), std::move(what), TryDatagram{std::move(to), port, mark}, std::move(good));
    };
    refused("quic", "QUIC", "192.0.2.1", kHttps);
    refused("quic-ipv6", "QUIC over IPv6", "2001:db8::1", kHttps);
    refused("quic-of-name", "QUIC of the allowed name, on an open port", std::string(kProofName),
            scene_.tls);
    refused("ntp", "network time", "192.0.2.1", kNtp);
    refused("datagram-to-host", "a server of the host on localhost", "127.0.0.1", scene_.datagrams);
    refused("multicast", "neighbours by multicast", "224.0.0.251", kMulticastDns,
            {came::kRefused, came::kSilence, "EINVAL", "ENETUNREACH", "EPERM"});
  }

  void tls(std::string id, std::string what, std::string bytes, std::string_view why) {
    add(std::move(id), std::move(what),
        TryConnection{std::string(kProofName), scene_.tls, std::move(bytes), {}},
        {came::kAlert, came::kClosed})
        .promise = Promise{kDeny, std::string(kProofName), scene_.tls, "sni", why, Rule::any};
  }

  void inside_tls() {
    tls("sni-outside", "TLS that asks for another name",
        client_hello(kProofOutside, proof_mark("sni-outside")),
        "TLS asks for outside.egress-proof.test");
    tls("sni-none", "TLS that asks for no name", client_hello("", proof_mark("sni-none")),
        "TLS asks for no name");
    tls("not-tls", "something else than TLS", request("GET /", kProofName, proof_mark("not-tls")),
        "mode sni: ");
  }

  std::string origin() const { return std::format("{}:{}", kProofName, scene_.http); }

  void http(std::string id, std::string what, std::string bytes, std::string_view why) {
    add(std::move(id), std::move(what),
        TryConnection{std::string(kProofName), scene_.http, std::move(bytes), {}}, {came::kStatus})
        .promise = Promise{kDeny, std::string(kProofName), scene_.http, "http", why, Rule::any};
  }

  void inside_http() {
    constexpr std::string_view kGet = "GET /control";
    const std::string outside(kProofOutside);
    http("host-outside", "a Host that is another name",
         request(kGet, std::format("{}:{}", outside, scene_.http), proof_mark("host-outside")),
         "the host is not the one that was dialled");
    http("target-outside", "a target at another name",
         request(std::format("GET http://{}/control", outside), origin(),
                 proof_mark("target-outside")),
         "the host is not the one that was dialled");
    http("connect", "CONNECT",
         request(std::format("CONNECT {}:443", outside), outside, proof_mark("connect")),
         "this method is not passed on");
    http("two-hosts", "two Hosts",
         request(kGet, origin(), proof_mark("two-hosts"), std::format("Host: {}\r\n", outside)),
         "a request needs exactly one Host field");
    http("smuggled", "a second request in the body of the first",
         request("POST /control", origin(), proof_mark("smuggled"),
                 "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"),
         "it is not clear how long the body is");
    http("path-outside", "a path that no rule gives",
         request("GET /elsewhere", origin(), proof_mark("path-outside")),
         "does not allow this method and path");
  }

  void call(const os::Attempt& made, std::string argument) {
    add(std::string(made.id), std::string(made.what), TryCall{&made, std::move(argument)},
        {came::kRefused});
  }

  void calls() {
    const std::string local = std::format("127.0.0.1:{}", scene_.closed);
    for (const os::Attempt& made : os::network_attempts()) call(made, "");
    call(os::kBindToDevice, scene_.device);
    call(os::kConnectMultipath, local);
    call(os::kConnectStreams, local);
    call(os::kSendLite, std::format("127.0.0.1:{}", scene_.datagrams));
    add("abstract-socket", "an abstract socket of the host",
        TryCall{&os::kConnectAbstract, scene_.socket}, {came::kRefused});
  }

  const ProofScene& scene_;
  std::vector<ProofAttempt> attempts_;
};

}  // namespace

Json ProofScene::to_json() const {
  return Json::object({{"raw", raw},
                       {"http", http},
                       {"tls", tls},
                       {"closed", closed},
                       {"datagrams", datagrams},
                       {"socket", socket},
                       {"device", device},
                       {"word", word}});
}

Result<ProofScene> ProofScene::from_json(const Json& json) {
  constexpr std::int64_t kMostPort = 65'535;
  const Error bad(ErrorKind::invalid, "egress proof: not a scene");
  ProofScene scene;
  for (const auto& [key, to] :
       {std::pair{"raw", &scene.raw}, std::pair{"http", &scene.http}, std::pair{"tls", &scene.tls},
        std::pair{"closed", &scene.closed}, std::pair{"datagrams", &scene.datagrams}}) {
    const auto port = json.get_int(key);
    if (!port || *port < 1 || *port > kMostPort) return bad;
    *to = static_cast<std::uint16_t>(*port);
  }
  for (const auto& [key, to] :
       {std::pair{"socket", &scene.socket}, std::pair{"device", &scene.device},
        std::pair{"word", &scene.word}}) {
    const std::string* text = json.get_string(key);
    if (text == nullptr || text->empty()) return bad;
    *to = *text;
  }
  return scene;
}

std::string proof_policy(const ProofScene& scene) {
  constexpr std::string_view kProfile = R"(glovebox = 1
name = "egress-proof"
[[bind]]
tools = {{ bash = "proof" }}
[profile.proof]
why = "egress proves itself in it, and nothing else runs"
root = "host"
background = "kill"
syscalls = "builtin:bash"
landlock = 1
mount = [ {{ at = "@workspace", mode = "rw" }} ]
limits = {{ wall = "45s", cpu = "20s", memory = "256MiB", pids = 64 }}
)";
  constexpr std::string_view kRule = R"([[profile.proof.egress]]
host = "{}"
port = {}
mode = "{}"
private = true
{}
)";
  constexpr std::string_view kWhole = "whole_host = true\nwhy = \"the allowed way of the proof\"";
  return std::format(kProfile) + std::format(kRule, kProofName, scene.raw, "raw", kWhole) +
         std::format(kRule, kProofName, scene.tls, "sni", kWhole) +
         std::format(kRule, kProofName, scene.http, "http", "allow = [\"GET /control\"]");
}

std::string proof_mark(std::string_view attempt) {
  return std::format("<{}>", attempt);
}

std::vector<ProofAttempt> proof_attempts(const ProofScene& scene) {
  return Table(scene).fill();
}

}  // namespace glovebox::cli
