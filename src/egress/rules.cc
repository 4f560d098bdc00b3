#include "egress/rules.h"

#include <algorithm>
#include <array>
#include <format>
#include <set>
#include <utility>

#include "ipc/wire.h"
#include "policy/decide_request.h"
#include "policy/host_match.h"
#include "policy/judge_egress.h"
#include "policy/opened_ports.h"

namespace glovebox::egress {

namespace {

using ipc::kMaxName;
using ipc::kMaxText;
using ipc::Reader;
using ipc::Writer;
using policy::EgressRule;
using policy::EgressTarget;
using policy::HostPattern;
using policy::Origin;
using policy::Profile;

// Where attempts are to be seen although no rule opens the port. None that an ordinary program of a
// box could have listened on.
constexpr std::array<std::uint16_t, 4> kWatchedPorts = {22, 80, 443, 853};

Error refused(std::string_view what) {
  return Error(ErrorKind::protocol, "egress rules: " + std::string(what));
}

template <class T>
void write_count(Writer& writer, const std::vector<T>& list) {
  writer.number(static_cast<std::uint32_t>(list.size()));
}

void write_flag(Writer& writer, bool flag) {
  writer.number(static_cast<std::uint8_t>(flag ? 1 : 0));
}

void write_origin(Writer& writer, const Origin& origin) {
  writer.text(origin.file).number(origin.line);
}

Result<Origin> read_origin(Reader& reader) {
  Origin origin;
  origin.file = TRY(reader.text(kMaxText));
  origin.line = TRY(reader.number<std::uint32_t>());
  return origin;
}

void write_target(Writer& writer, const EgressTarget& target) {
  const auto* pattern = std::get_if<HostPattern>(&target);
  write_flag(writer, pattern != nullptr);
  if (pattern == nullptr) {
    writer.text(std::get<codec::Cidr>(target).to_string());
    return;
  }
  write_flag(writer, pattern->below);
  writer.text(pattern->name);
}

Result<EgressTarget> read_target(Reader& reader) {
  if (!TRY(reader.flag())) return EgressTarget(TRY(codec::Cidr::parse(TRY(reader.text(kMaxName)))));
  HostPattern pattern;
  pattern.below = TRY(reader.flag());
  pattern.name = TRY(reader.text(kMaxName));
  const auto name = TRY(codec::HostName::parse(pattern.name));
  if (name.str() != pattern.name) return refused("a name in another spelling");
  return EgressTarget(std::move(pattern));
}

void write_http_rule(Writer& writer, const policy::HttpRule& rule) {
  writer.text(rule.method);
  write_flag(writer, rule.path.open);
  write_count(writer, rule.path.segments);
  for (const std::string& segment : rule.path.segments) writer.text(segment);
  write_origin(writer, rule.origin);
}

Result<policy::HttpRule> read_http_rule(Reader& reader) {
  policy::HttpRule rule;
  rule.method = TRY(reader.text(kMaxName));
  rule.path.open = TRY(reader.flag());
  for (std::size_t left = TRY(reader.count()); left > 0; --left)
    rule.path.segments.push_back(TRY(reader.text(kMaxText)));
  rule.origin = TRY(read_origin(reader));
  return rule;
}

void write_rule(Writer& writer, const EgressRule& rule) {
  write_target(writer, rule.target);
  writer.number(rule.ports.first).number(rule.ports.last);
  writer.number(static_cast<std::uint8_t>(rule.mode));
  write_count(writer, rule.allow);
  for (const policy::HttpRule& allow : rule.allow) write_http_rule(writer, allow);
  write_flag(writer, rule.whole_host);
  write_flag(writer, rule.private_addresses);
  writer.text(rule.inject.value_or(""));
  write_origin(writer, rule.origin);
}

Result<EgressRule> read_rule(Reader& reader) {
  EgressRule rule;
  rule.target = TRY(read_target(reader));
  rule.ports.first = TRY(reader.number<std::uint16_t>());
  rule.ports.last = TRY(reader.number<std::uint16_t>());
  if (rule.ports.first == 0 || rule.ports.last < rule.ports.first) return refused("ports");
  rule.mode = TRY(reader.choice(policy::EgressMode::raw));
  for (std::size_t left = TRY(reader.count()); left > 0; --left)
    rule.allow.push_back(TRY(read_http_rule(reader)));
  rule.whole_host = TRY(reader.flag());
  rule.private_addresses = TRY(reader.flag());
  if (std::string inject = TRY(reader.text(kMaxName)); !inject.empty())
    rule.inject = std::move(inject);
  rule.origin = TRY(read_origin(reader));
  return rule;
}

void write_profile(Writer& writer, const Profile& profile) {
  writer.text(profile.name);
  writer.number(static_cast<std::uint8_t>(profile.audit.egress));
  write_count(writer, profile.egress);
  for (const EgressRule& rule : profile.egress) write_rule(writer, rule);
  write_count(writer, profile.deny.egress);
  for (const auto& item : profile.deny.egress) {
    write_target(writer, item.value);
    write_origin(writer, item.origin);
  }
}

Result<Profile> read_profile(Reader& reader) {
  Profile profile;
  profile.name = TRY(reader.text(kMaxName));
  profile.audit.egress = TRY(reader.choice(policy::AuditEgress::durable));
  for (std::size_t left = TRY(reader.count()); left > 0; --left)
    profile.egress.push_back(TRY(read_rule(reader)));
  for (std::size_t left = TRY(reader.count()); left > 0; --left) {
    policy::Deny::Item<EgressTarget> item;
    item.value = TRY(read_target(reader));
    item.origin = TRY(read_origin(reader));
    profile.deny.egress.push_back(std::move(item));
  }
  return profile;
}

Profile network_part(const Profile& profile) {
  Profile part;
  part.name = profile.name;
  part.egress = profile.egress;
  part.deny.egress = profile.deny.egress;
  part.audit.egress = profile.audit.egress;
  return part;
}

std::optional<Profile> network_part(const std::optional<Profile>& cap) {
  if (!cap) return std::nullopt;
  return network_part(*cap);
}

}  // namespace

EgressRules::EgressRules(const Profile& profile, const std::optional<Profile>& cap,
                         const std::map<std::string, policy::SecretRule>& secrets)
    : profile_(network_part(profile)), cap_(network_part(cap)), index_(profile_) {
  if (cap_) cap_index_.emplace(*cap_);
  for (const EgressRule& rule : profile_.egress) {
    if (!rule.inject) continue;
    const auto secret = secrets.find(*rule.inject);
    bound_[*rule.inject] =
        secret == secrets.end() ? std::vector<policy::Endpoint>() : secret->second.only;
  }
}

template <class Request>
NetVerdict EgressRules::ask(const Request& request) const {
  const auto net_verdict = [](const policy::Ruling& ruling, const Profile& profile,
                              std::string_view prefix) {
    NetVerdict verdict;
    verdict.allowed = ruling.allowed;
    verdict.rule = ruling.egress;
    if (ruling.rule != nullptr) verdict.place = policy::to_string(*ruling.rule);
    verdict.words = std::string(prefix) + policy::ruling_words(ruling, profile);
    return verdict;
  };
  const policy::Ruling own = policy::judge_egress(index_, request);
  if (own.allowed && cap_index_) {
    const policy::Ruling bound = policy::judge_egress(*cap_index_, request);
    if (!bound.allowed) return net_verdict(bound, *cap_, policy::kBeyondCap);
  }
  return net_verdict(own, profile_, "");
}

NetVerdict EgressRules::judge(const policy::ConnectRequest& request) const {
  return ask(request);
}
NetVerdict EgressRules::judge(const policy::HttpRequest& request) const {
  return ask(request);
}
NetVerdict EgressRules::judge(const policy::ResolveRequest& request) const {
  return ask(request);
}

EgressRules::Ways EgressRules::ways(const codec::Host& host, std::uint16_t port) const {
  Ways ways;
  // Of two the one that sees more, of two that see the same the one that reaches further.
  const auto offer = [](const EgressRule*& slot, const EgressRule& rule) {
    if (slot == nullptr || rule.mode < slot->mode ||
        (rule.mode == slot->mode && rule.private_addresses))
      slot = &rule;
  };
  index_.each_rule(host, [&](const EgressRule& rule) {
    if (!policy::applies_to_named(rule, host, port)) return false;
    if (rule.mode == policy::EgressMode::raw) offer(ways.raw, rule);
    if (rule.mode == policy::EgressMode::http) offer(ways.plain, rule);
    if (rule.mode == policy::EgressMode::inspect || rule.mode == policy::EgressMode::sni)
      offer(ways.tls, rule);
    return false;
  });
  return ways;
}

// Those that every reading of the path gets.
std::vector<std::string> EgressRules::secrets_for(const policy::HttpRequest& request) const {
  if (bound_.empty()) return {};
  const auto by = [&](std::string_view path) {
    std::set<std::string> secrets;
    index_.each_rule(request.to.host, [&](const EgressRule& rule) {
      if (rule.inject && policy::applies_to_named(rule, request.to.host, request.to.port) &&
          policy::carries(rule.mode, request.tls) && policy::admits(rule, request, path))
        secrets.insert(*rule.inject);
      return false;
    });
    return secrets;
  };
  const std::string_view path = policy::written_path(request);
  std::set<std::string> secrets = by(path);
  if (const auto other = policy::with_slashes(path)) {
    const std::set<std::string> also = by(*other);
    std::erase_if(secrets, [&](const std::string& name) { return !also.contains(name); });
  }
  return {secrets.begin(), secrets.end()};
}

bool EgressRules::is_bound(std::string_view secret, const codec::HostPort& where) const {
  const auto* name = std::get_if<codec::HostName>(&where.host);
  const auto found = bound_.find(secret);
  if (name == nullptr || found == bound_.end()) return false;
  return std::ranges::any_of(found->second, [&](const policy::Endpoint& endpoint) {
    return endpoint.port == where.port && policy::matches(endpoint.host, name->str());
  });
}

Result<std::vector<std::uint16_t>> EgressRules::ports(std::size_t most) const {
  auto ports = policy::opened_ports(profile_, most);
  if (!ports)
    return Error(ErrorKind::limit,
                 std::format("{}: the egress rules of one profile open at most {} ports\n"
                             "hint: name the ports that are used, or divide the profile",
                             policy::to_string(ports.error()->origin), most));
  for (const std::uint16_t port : kWatchedPorts)
    if (ports->size() < most) ports->insert(port);
  return std::vector<std::uint16_t>(ports->begin(), ports->end());
}

std::string EgressRules::encode() const {
  Writer writer;
  write_profile(writer, profile_);
  write_flag(writer, cap_.has_value());
  if (cap_) write_profile(writer, *cap_);
  writer.number(static_cast<std::uint32_t>(bound_.size()));
  for (const auto& [secret, endpoints] : bound_) {
    writer.text(secret);
    write_count(writer, endpoints);
    for (const policy::Endpoint& endpoint : endpoints) {
      write_target(writer, endpoint.host);
      writer.number(endpoint.port);
    }
  }
  return writer.take();
}

Result<std::unique_ptr<EgressRules>> EgressRules::decode(std::string_view bytes) {
  Reader reader(bytes);
  const Profile profile = TRY(read_profile(reader));
  std::optional<Profile> cap;
  if (TRY(reader.flag())) cap = TRY(read_profile(reader));
  std::map<std::string, policy::SecretRule> secrets;
  for (std::size_t left = TRY(reader.count()); left > 0; --left) {
    const std::string name = TRY(reader.text(kMaxName));
    if (!secrets.empty() && name <= secrets.rbegin()->first) return refused("secrets out of order");
    policy::SecretRule& secret = secrets[name];
    secret.name = name;
    for (std::size_t more = TRY(reader.count()); more > 0; --more) {
      const EgressTarget target = TRY(read_target(reader));
      const auto* host = std::get_if<HostPattern>(&target);
      if (host == nullptr) return refused("a secret that is bound to an address");
      secret.only.push_back({*host, TRY(reader.number<std::uint16_t>())});
    }
  }
  TRY(reader.finish());
  auto rules = std::make_unique<EgressRules>(profile, cap, secrets);
  // Each is one that a rule injects, and each of those is there.
  if (rules->bound_.size() != secrets.size()) return refused("secrets that no rule injects");
  return rules;
}

}  // namespace glovebox::egress
