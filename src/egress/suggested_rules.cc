#include "egress/suggested_rules.h"

#include <algorithm>
#include <array>
#include <format>
#include <optional>
#include <utility>

#include "codec/host.h"
#include "codec/toml_text.h"
#include "egress/address_rules.h"
#include "policy/decide_request.h"
#include "policy/host_match.h"
#include "policy/http_path.h"
#include "policy/judge.h"
#include "policy/load.h"
#include "policy/request_path.h"

namespace glovebox::egress {

namespace {

using Kind = Suggestion::Kind;

constexpr std::uint16_t kHttp = 80, kHttps = 443;
// Names of the services of is_metadata_service(), as the clouds document them.
constexpr std::array<std::string_view, 5> kMetadataNames = {
    "metadata.google.internal", "metadata.goog", "instance-data.ec2.internal", "instance-data",
    "metadata"};

constexpr std::string_view kMetadata = "a metadata service: no rule gives a machine's credentials";
constexpr std::string_view kNamedOnly = "only its name was asked for, no port was seen";
constexpr std::string_view kWhichRequests =
    "no request was seen: say in allow which are meant, as \"METHOD /path\"";
constexpr std::string_view kTwoReadings =
    "its path has an encoded slash: patterns must allow it as one name and as two, as "
    "\"GET /*\" and \"GET /@scope/*\" do for /@scope%2fname";
constexpr std::string_view kRequestsSeen =
    "single requests were refused there: rules for them are narrower than one for the whole host";

bool is_metadata(const codec::Host& host) {
  if (const auto* address = std::get_if<codec::IpAddress>(&host))
    return is_metadata_service(*address);
  return std::ranges::contains(kMetadataNames, std::get<codec::HostName>(host).str());
}

// `allow` in a pattern that means this one path and nothing else.
bool is_exact(std::string_view request) {
  const auto rule = policy::parse_http_rule(request);
  return rule && rule->method != "*" && !rule->path.open &&
         !std::ranges::contains(rule->path.segments, "*");
}

bool sees_requests(std::string_view mode) {
  return mode == "http" || mode == "inspect";
}

void count(Seen& seen, const DeniedAttempt& attempt) {
  if (seen.times == 0) seen.first = attempt.record;
  seen.times += attempt.times;
  seen.last = attempt.record;
}

// In a policy of its own.
std::optional<policy::Policy> policy_with(const Suggestion& suggestion, std::string& problem) {
  const policy::Loaded loaded =
      policy::load("suggested",
                   "glovebox = 1\n[[bind]]\ntools = { bash = \"p\" }\n[profile.p]\n"
                   "[[profile.p.egress]]\n" +
                       rule_keys(suggestion));
  if (!loaded.policy)
    problem = loaded.diagnostics.empty() ? "it cannot be read" : loaded.diagnostics.front().message;
  return loaded.policy;
}

bool gives(const policy::Profile& profile, const Suggestion& suggestion) {
  const auto host = codec::parse_host(suggestion.host);
  if (!host) return false;
  const codec::HostPort where{*host, suggestion.port};
  if (!policy::judge(profile, policy::ConnectRequest{where}).allowed) return false;
  const policy::Tls tls = suggestion.mode == "http" ? policy::Tls::no : policy::Tls::yes;
  return std::ranges::all_of(suggestion.allow, [&](const SuggestedRequest& request) {
    const auto blank = request.text.find(' ');
    return policy::judge(profile, policy::HttpRequest{request.text.substr(0, blank), tls, where,
                                                      request.text.substr(blank + 1)})
        .allowed;
  });
}

// What cannot be said, or would not help, is not offered.
void prove(Suggestion& suggestion) {
  std::string problem = "a rule would not give it";
  const auto policy = policy_with(suggestion, problem);
  if (policy && gives(policy->profiles.at("p"), suggestion)) return;
  suggestion.kind = Kind::none;
  suggestion.note = "no rule can say it exactly: " + problem;
}

}  // namespace

std::string rule_keys(const Suggestion& suggestion) {
  std::string text =
      std::format("host = {}\nport = {}\nmode = {}\n", codec::toml_string(suggestion.host),
                  suggestion.port, codec::toml_string(suggestion.mode));
  if (suggestion.private_address) text += "private = true\n";
  if (!sees_requests(suggestion.mode))
    return text + std::format("whole_host = true\nwhy = \"seen in record {}; say why\"\n",
                              suggestion.seen.first);
  text += "allow = [\n";
  for (const SuggestedRequest& request : suggestion.allow)
    text +=
        std::format("  {},  # {}, first in record {}\n", codec::toml_string(request.text),
                    request.seen.times == 1 ? "once" : std::format("{} times", request.seen.times),
                    request.seen.first);
  return text + "]\n";
}

SuggestedRules::Fact SuggestedRules::fact_of(const DeniedAttempt& attempt) {
  Fact fact{{attempt.profile, attempt.host, attempt.port, Kind::none, "", ""}, "", false, ""};
  const auto none = [&](std::string note) {
    fact.key.note = std::move(note);
    return fact;
  };
  const std::string place = attempt.rule.empty() ? "" : " at " + attempt.rule;
  if (attempt.why.starts_with(policy::kBeyondCap))
    return none(attempt.why + place + "; no profile can be given it");
  const auto reason = policy::egress_reason(attempt.why);
  if (!reason) return none(attempt.why.empty() ? "its record does not say why" : attempt.why);
  if (*reason == policy::Reason::target_denied) return none(attempt.why + place);
  if (attempt.profile.empty()) return none("its record names no profile");
  const auto host = codec::parse_host(attempt.host);
  if (!host) return none("this is no host that a rule can name");
  fact.key.host = codec::to_string(*host);
  if (is_metadata(*host)) return none(std::string(kMetadata));

  if (attempt.mode == "dns") {
    fact.key.kind = Kind::unfinished;
    return none(std::string(kNamedOnly));
  }
  if (attempt.port == 0) return none("its record names no port");
  if (sees_requests(attempt.mode)) {
    const std::string request = attempt.method + " " + attempt.path;
    if (attempt.method.empty() || attempt.path.empty())
      return none("its record does not say which request it was");
    if (policy::with_slashes(attempt.path)) return none(std::string(kTwoReadings));
    if (!is_exact(request)) return none("no pattern says exactly: " + request);
    fact.key.kind = Kind::rule;
    fact.key.mode = attempt.mode;
    fact.request = request;
    fact.beside = attempt.rule;
    return fact;
  }
  if (attempt.mode != "tcp" && attempt.mode != "sni" && attempt.mode != "raw")
    return none(std::format("mode {} is not known here", attempt.mode));
  const auto* address = std::get_if<codec::IpAddress>(&*host);
  fact.private_address = address != nullptr && policy::is_private(*address);
  fact.key.kind = Kind::rule;
  fact.key.mode = address == nullptr && attempt.port == kHttps ? "sni" : "raw";
  if (address == nullptr && attempt.port == kHttp) {
    fact.key.kind = Kind::unfinished;
    fact.key.mode = "http";
    fact.key.note = kWhichRequests;
  }
  return fact;
}

void SuggestedRules::add(const DeniedAttempt& attempt) {
  Fact fact = fact_of(attempt);
  if (sees_requests(attempt.mode) &&
      policy::egress_reason(attempt.why) == policy::Reason::method_or_path)
    requests_seen_.emplace(fact.key.profile, fact.key.host, fact.key.port);
  const auto known = facts_.find(fact.key);
  const bool is_new = known == facts_.end() ||
                      (!fact.request.empty() && !known->second.requests.contains(fact.request));
  if (is_new && count_ == kMostSuggestions) {
    left_out_ += attempt.times;
    return;
  }
  if (is_new) ++count_;
  Facts& facts = facts_[std::move(fact.key)];
  count(facts.seen, attempt);
  facts.private_address = fact.private_address;
  if (!fact.beside.empty()) facts.beside = std::move(fact.beside);
  if (!fact.request.empty()) count(facts.requests[std::move(fact.request)], attempt);
}

std::vector<Suggestion> SuggestedRules::take() {
  // Whose port is known needs no rule without one: a name is allowed with its host.
  std::set<std::pair<std::string, std::string>> with_port;
  for (const auto& [key, facts] : facts_)
    if (key.kind != Kind::none && key.port != 0) with_port.emplace(key.profile, key.host);
  std::vector<Suggestion> suggestions;
  for (auto& [key, facts] : std::exchange(facts_, {})) {
    if (key.kind == Kind::unfinished && key.port == 0 &&
        with_port.contains({key.profile, key.host}))
      continue;
    Suggestion suggestion{.profile = key.profile,
                          .host = key.host,
                          .port = key.port,
                          .kind = key.kind,
                          .mode = key.mode,
                          .allow = {},
                          .private_address = facts.private_address,
                          .note = key.note,
                          .beside = facts.beside,
                          .seen = facts.seen};
    for (const auto& [text, seen] : facts.requests) suggestion.allow.push_back({text, seen});
    if (key.kind != Kind::none && facts.requests.empty() &&
        requests_seen_.contains({key.profile, key.host, key.port})) {
      suggestion.kind = Kind::none;
      suggestion.note = kRequestsSeen;
    }
    if (suggestion.kind == Kind::rule) prove(suggestion);
    suggestions.push_back(std::move(suggestion));
  }
  count_ = 0;
  left_out_ = 0;
  requests_seen_.clear();
  return suggestions;
}

}  // namespace glovebox::egress
