// Where connections may go.
#include <algorithm>
#include <array>
#include <charconv>
#include <format>

#include "codec/host_name.h"
#include "policy/host_match.h"
#include "policy/http_path.h"
#include "policy/read_profile.h"

namespace glovebox::policy {

namespace {

constexpr std::uint16_t kHttps = 443, kHttp = 80;

std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  if (!whole || port == 0 || text.starts_with('0')) return std::nullopt;
  return port;
}

std::optional<HostPattern> pattern_of(std::string_view text) {
  HostPattern pattern;
  pattern.below = text.starts_with("*.");
  if (pattern.below) text.remove_prefix(2);
  const auto name = codec::HostName::parse(text);
  if (!name || name->str() != text) return std::nullopt;
  pattern.name = name->str();
  return pattern;
}

class RuleReader {
 public:
  RuleReader(DocumentReader& reader, const Value& value, const Table& given,
             std::map<std::string, Origin>& origins)
      : reader_(reader), value_(value), given_(given), origins_(origins) {}

  std::optional<EgressRule> read() {
    only_keys(reader_, given_, "an egress rule", Place::egress);
    rule_.origin = value_.origin;
    read_host();
    read_port();
    read_mode();
    for (const auto& [key, flag] :
         {std::pair{"whole_host", &rule_.whole_host}, std::pair{"trusted", &rule_.trusted},
          std::pair{"private", &rule_.private_addresses}})
      if (const Entry* entry = given_.find(key))
        *flag = reader_.flag(entry->value, key).value_or(false);
    if (const Entry* entry = given_.find("inject")) {
      read_name(reader_, entry->value, "inject", rule_.inject.emplace());
      origins_.emplace("egress.inject." + *rule_.inject, entry->value.origin);
    }
    if (const Entry* entry = given_.find("why"))
      read_sentence(reader_, entry->value, "why", rule_.why);
    read_allow();
    if (!valid_) return std::nullopt;
    check_mode();
    check_target();
    return std::move(rule_);
  }

 private:
  void wrong(Code code, const Value& value, std::string message, std::string hint = "") {
    reader_.report(code, value, std::move(message), std::move(hint));
    valid_ = false;
  }

  void read_host() {
    const Value* host = reader_.require(given_, value_, "host", "an egress rule");
    const std::string* text = host == nullptr ? nullptr : reader_.text(*host, "host");
    const auto target = text == nullptr ? std::nullopt : read_target(reader_, *host, *text);
    valid_ = valid_ && target.has_value();
    if (target) rule_.target = *target;
  }

  void read_port() {
    const Value* port = reader_.require(given_, value_, "port", "an egress rule");
    if (port == nullptr) {
      valid_ = false;
      return;
    }
    if (const auto* number = std::get_if<std::int64_t>(&port->data)) {
      if (*number < 1 || *number > 65535)
        return wrong(Code::bad_value, *port, "port must be 1 to 65535");
      rule_.ports.first = rule_.ports.last = static_cast<std::uint16_t>(*number);
      return;
    }
    const auto* text = std::get_if<std::string>(&port->data);
    if (text == nullptr)
      return wrong(Code::wrong_type, *port, "port must be an integer, or a range \"8000-8100\"");
    const auto dash = text->find('-');
    const auto first = port_of(std::string_view(*text).substr(0, dash));
    const auto last =
        dash == std::string::npos ? first : port_of(std::string_view(*text).substr(dash + 1));
    if (!first || !last || *first > *last)
      return wrong(Code::bad_value, *port, "a range of ports is \"8000-8100\"");
    rule_.ports = {*first, *last};
  }

  void read_mode() {
    if (const Entry* entry = given_.find("mode")) {
      const auto mode = reader_.word<EgressMode>(entry->value, "mode",
                                                 {{"http", EgressMode::http},
                                                  {"inspect", EgressMode::inspect},
                                                  {"sni", EgressMode::sni},
                                                  {"raw", EgressMode::raw}});
      valid_ = valid_ && mode.has_value();
      rule_.mode = mode.value_or(EgressMode::sni);
      return;
    }
    if (rule_.ports == PortRange{kHttps, kHttps}) {
      rule_.mode = EgressMode::sni;
    } else if (rule_.ports == PortRange{kHttp, kHttp}) {
      rule_.mode = EgressMode::http;
    } else if (valid_) {
      wrong(Code::missing_key, value_,
            "an egress rule for other ports than 80 and 443 needs `mode`",
            "mode = \"http\", \"inspect\", \"sni\" or \"raw\"");
    }
  }

  void read_allow() {
    const Entry* entry = given_.find("allow");
    if (entry == nullptr) return;
    read_texts(reader_, entry->value, "allow", [&](const Value& value, const std::string& text) {
      auto rule = parse_http_rule(text);
      if (!rule)
        return wrong(Code::bad_value, value,
                     "a request is \"METHOD /path\"; `*` is one segment, `**` stands last only",
                     "\"GET /**\", \"POST /v1/*/items\"; no escapes, no `.` and `..`, no query");
      rule->origin = value.origin;
      rule_.allow.push_back(*std::move(rule));
    });
  }

  // Nothing is written that would have no effect, and what cannot be seen is said to be so.
  void check_mode() {
    const bool seen = rule_.mode <= EgressMode::inspect;
    const Entry* allow = given_.find("allow");
    const std::string_view mode = rule_.mode == EgressMode::sni   ? "sni"
                                  : rule_.mode == EgressMode::raw ? "raw"
                                                                  : "http";
    if (allow != nullptr && !seen)
      reader_.report(Code::inert, allow->key,
                     std::format("`allow` has no effect here: no method or path is visible with "
                                 "mode {}",
                                 mode),
                     "mode = \"inspect\", or whole_host = true with `why`");
    else if (allow != nullptr && rule_.whole_host)
      reader_.report(Code::inert, allow->key,
                     "`allow` has no effect here: whole_host allows everything");
    else if (rule_.allow.empty() && !rule_.whole_host)
      reader_.report(Code::missing_key, value_,
                     seen ? "an egress rule needs `allow` or `whole_host`"
                          : std::format("with mode {} anything may be done there: say whole_host = "
                                        "true and `why`",
                                        mode),
                     seen ? "allow = [ \"GET /**\" ]" : "whole_host = true, why = \"…\"");
    if (rule_.whole_host && rule_.why.empty())
      reader_.report(Code::missing_key, given_.find("whole_host")->key, "whole_host needs `why`",
                     "why = \"…\"");
    if (rule_.mode == EgressMode::raw && rule_.why.empty() && !rule_.whole_host)
      reader_.report(Code::missing_key, value_, "mode raw needs `why`", "why = \"…\"");
    if (rule_.inject && rule_.mode != EgressMode::inspect)
      reader_.report(Code::inert, given_.find("inject")->key,
                     "`inject` has no effect here: only mode inspect can add a secret",
                     "mode = \"inspect\"");
  }

  void check_target() {
    const auto* block = std::get_if<codec::Cidr>(&rule_.target);
    if (block == nullptr) return;
    const Value& host = given_.find("host")->value;
    if (rule_.mode != EgressMode::raw)
      reader_.report(Code::bad_value, host,
                     "an address has no name to check: only mode raw can reach it",
                     "name the host, or mode = \"raw\"");
    if (is_private(*block) && !rule_.private_addresses)
      reader_.report(Code::bad_value, host,
                     std::format("{} is not public: say private = true", block->to_string()));
    if (!is_private(*block) && rule_.private_addresses)
      reader_.report(Code::inert, given_.find("private")->key,
                     std::format("`private` has no effect here: {} is public", block->to_string()));
  }

  DocumentReader& reader_;
  const Value& value_;
  const Table& given_;
  std::map<std::string, Origin>& origins_;
  EgressRule rule_;
  bool valid_ = true;
};

}  // namespace

std::optional<EgressTarget> read_target(DocumentReader& reader, const Value& value,
                                        const std::string& text) {
  if (auto block = codec::Cidr::parse(text)) return *block;
  if (const auto address = codec::IpAddress::parse(text))
    return *codec::Cidr::of(*address, address->bits());
  if (auto pattern = pattern_of(text)) return *std::move(pattern);
  reader.report(Code::bad_value, value,
                text == "*" ? "a host is named: every host is not a rule"
                            : "a host is a name in lower case, `*.suffix`, an address or a block",
                "\"api.example.com\", \"*.example.com\", \"203.0.113.0/24\"");
  return std::nullopt;
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = pattern_of(text.substr(0, colon));
  const auto port = port_of(text.substr(colon + 1));
  if (!host || !port) return std::nullopt;
  return Endpoint{*std::move(host), *port};
}

void read_egress(DocumentReader& reader, const Value& value, Profile& profile) {
  const Array* list = reader.array(value, "egress");
  if (list == nullptr) return;
  for (const Value& element : *list) {
    const Table* given = reader.table(element, "an egress rule");
    if (given == nullptr) continue;
    if (auto rule = RuleReader(reader, element, *given, profile.origins).read())
      profile.egress.push_back(*std::move(rule));
  }
}

}  // namespace glovebox::policy
